#include "os/ring_stream.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>

#include "os/network.h"

namespace berth::os {
namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    count += each.exists() ? 1 : 0;
  }
  return count;
}

/// One connection through the loopback, both ends on one ring.
struct RingStreamTest : ::testing::Test {
  void SetUp() override {
    if (!reactor.ring()) GTEST_SKIP() << reactor.choice().why;
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 10'000 && work.pending(); ++i) reactor.turn(2ms);
    if (work.pending()) return Error(Code::internal, "the test has waited for too long");
    return work.take();
  }
  void connect() {
    auto listener = network.listen(Address::loopback(0)).value();
    auto connecting = network.connect(listener->address());
    server = take(run(listener->accept()));
    client = take(run(std::move(connecting)));
  }
  static std::unique_ptr<RingStream> take(Result<std::unique_ptr<ByteStream>> stream) {
    return std::unique_ptr<RingStream>(
        static_cast<RingStream*>(std::move(stream).value().release()));
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) reactor.turn(0ms);
  }

  Reactor reactor{ReactorWish::io_uring};
  Network network{reactor};
  std::unique_ptr<RingStream> client;
  std::unique_ptr<RingStream> server;
};

TEST_F(RingStreamTest, a_fast_peer_has_to_wait_when_nobody_reads) {
  connect();
  auto armed = server->read(1);
  run(client->write(Bytes::literal("x"))).value();
  EXPECT_EQ(run(std::move(armed)).value().view(), "x");

  std::string piece(100'000, 'y');
  std::size_t taken = 0;
  Deferred<void> waiting;
  for (int i = 0; i < 1000 && !waiting.pending(); ++i) {
    waiting = client->write(Bytes::copy(piece));
    for (int n = 0; n < 20 && waiting.pending(); ++n) reactor.turn(1ms);
    if (!waiting.pending()) taken += piece.size();
  }
  ASSERT_TRUE(waiting.pending());
  EXPECT_GT(server->unread_bytes(), RingStream::unread_bytes_max / 2);
  EXPECT_LE(server->unread_bytes(),
            RingStream::unread_bytes_max + RingBuffers::buffers_count * RingBuffers::buffer_bytes);
  std::size_t got = 0;
  while (got < taken + piece.size()) {
    Bytes part = run(server->read(30'000)).value();
    ASSERT_EQ(part.view().find_first_not_of('y'), part.view().npos);
    got += part.size();
  }
  run(std::move(waiting)).value();
  EXPECT_EQ(server->unread_bytes(), 0u);
}

TEST_F(RingStreamTest, small_pieces_that_nobody_reads_are_limited_by_their_number) {
  connect();
  auto armed = server->read(1);
  turns(1);
  armed.reset();
  for (std::size_t i = 0; i < 4 * RingStream::unread_pieces_max; ++i) {
    run(client->write(Bytes::literal("x"))).value();
    turns(2);
  }
  EXPECT_LE(server->unread_bytes(), RingStream::unread_pieces_max + 4);
  std::size_t got = 0;
  while (got < 4 * RingStream::unread_pieces_max) got += run(server->read(16384)).value().size();
}

TEST_F(RingStreamTest, what_the_kernel_holds_outlives_a_stream_that_goes) {
  connect();
  client.reset();
  server.reset();
  turns(4);
  std::size_t before = open_descriptors();
  for (int turns_before = 0; turns_before < 4; ++turns_before) {
    connect();
    Deferred<void> writing;
    do {
      writing = client->write(Bytes::copy(std::string(1 << 20, 'z')));
    } while (!writing.pending());
    auto reading = client->read(16384);
    auto other = server->read(16384);
    turns(turns_before);
    writing.reset();
    client.reset();
    server.reset();
    std::ignore = run(std::move(reading));
    std::ignore = run(std::move(other));
    turns(4);
    EXPECT_EQ(open_descriptors(), before) << turns_before;
  }
}

TEST_F(RingStreamTest, a_reactor_ends_while_the_kernel_still_receives_and_sends) {
  Bytes kept;
  {
    Reactor other(ReactorWish::io_uring);
    Network sockets(other);
    auto listener = sockets.listen(Address::loopback(0)).value();
    auto connecting = sockets.connect(listener->address());
    auto accepting = listener->accept();
    while (accepting.pending() || connecting.pending()) other.turn(1ms);
    auto near = connecting.take().value();
    auto far = accepting.take().value();
    auto reading = far->read(16384);
    auto writing = near->write(Bytes::literal("kept"));
    while (reading.pending()) other.turn(1ms);
    kept = reading.take().value();
    reading = near->read(16384);
    do {
      writing = near->write(Bytes::copy(std::string(1 << 20, 'z')));
    } while (!writing.pending());
    other.turn(0ms);
  }
  EXPECT_EQ(kept.view(), "kept");
}

TEST(ReactorChoice, is_epoll_where_a_filter_refuses_io_uring) {
  int pid = ::fork();
  if (pid == 0) {
    sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{std::size(instructions), instructions};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(5);
    Reactor reactor(ReactorWish::io_uring);
    auto& choice = reactor.choice();
    bool told = choice.why.find("Operation not permitted") != std::string::npos;
    ::_exit(!reactor.ring() && choice.refused && choice.name() == "epoll" && told ? 0 : 6);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(ReactorChoice, is_by_the_variable_of_the_environment) {
  std::string before = std::getenv("BERTH_REACTOR") ? std::getenv("BERTH_REACTOR") : "";
  ::setenv("BERTH_REACTOR", "io_uring", 1);
  EXPECT_EQ(wished_reactor(), ReactorWish::io_uring);
  ::setenv("BERTH_REACTOR", "epoll", 1);
  EXPECT_EQ(wished_reactor(), ReactorWish::epoll);
  EXPECT_EQ(Reactor().choice().name(), "epoll");
  ::setenv("BERTH_REACTOR", "kqueue", 1);
  EXPECT_EQ(wished_reactor(), ReactorWish::automatic);
  ::setenv("BERTH_REACTOR", before.c_str(), 1);
}

}  // namespace
}  // namespace berth::os
