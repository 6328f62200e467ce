#include <gtest/gtest.h>
#include <malloc.h>

#include <filesystem>

#include "async/gather.h"
#include "http/server.h"
#include "os/network.h"
#include "os/reactor.h"

#if defined(__SANITIZE_ADDRESS__)
#define BERTH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BERTH_ASAN 1
#endif
#endif
#ifdef BERTH_ASAN
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace berth::http {
namespace {

/// What is allocated and not freed.
std::size_t live_bytes() {
#ifdef BERTH_ASAN
  return __sanitizer_get_current_allocated_bytes();
#else
  return ::mallinfo2().uordblks;
#endif
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// Without an end, in parts of 10,000 bytes.
struct EndlessSource final : BodySource {
  Deferred<Bytes> read() override { return ready(Bytes::copy(std::string(10'000, 'x'))); }
};

/// A server and hostile clients in one thread, over the loopback. Both ends count into what is
/// measured.
struct ServerFlood : ::testing::Test {
  static constexpr std::size_t count = 300;

  os::Reactor reactor;
  os::Network network{reactor};
  Server server{reactor,
                [](ServerRequest& request) {
                  if (request.head.target == "/endless") {
                    return ready(ServerResponse{200, {}, Body(std::make_unique<EndlessSource>())});
                  }
                  return ready(ServerResponse::text("hello"));
                },
                {.connections_max = count}};
  Address address;
  std::vector<std::unique_ptr<ByteStream>> clients;

  ServerFlood() {
    auto listener = network.listen(Address::loopback(0)).value();
    address = listener->address();
    server.serve(std::move(listener));
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 10'000 && work.pending(); ++i) reactor.turn(2ms);
    if (work.pending()) return Error(Code::internal, "the test has waited for too long");
    return work.take();
  }
  template <class F>
  bool until(F holds) {
    for (int i = 0; i < 10'000 && !holds(); ++i) reactor.turn(2ms);
    return holds();
  }
  void connect_all() {
    for (std::size_t i = 0; i < count; ++i)
      clients.push_back(run(network.connect(address)).value());
    EXPECT_TRUE(until([&] { return server.connections() == count; }));
  }
  void leave_all(bool abort) {
    for (auto& each : clients) abort ? each->abort() : each->close();
    clients.clear();
    EXPECT_TRUE(until([&] { return server.connections() == 0; }));
  }
  void say_all(const std::string& text) {
    for (auto& each : clients) run(each->write(Bytes::copy(text))).value();
    for (int i = 0; i < 20; ++i) reactor.turn(1ms);
  }
};

TEST_F(ServerFlood, idle_connections_cost_little) {
  std::size_t before = live_bytes();
  connect_all();
  say_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(until([&] { return server.parked() == count; }));
  EXPECT_LT(live_bytes() - before, count * 1'500);  // with what the clients hold
  leave_all(false);
}

TEST_F(ServerFlood, halves_of_heads_cost_what_was_sent_and_a_little) {
  std::size_t before = live_bytes();
  connect_all();
  // A little at a time, between which others send much, so that each piece comes in another buffer.
  std::string padding(20'000, 'p');
  say_all("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  for (int i = 0; i < 3; ++i) {
    say_all("1234567890");
  }
  EXPECT_LT(live_bytes() - before, count * 8'000);
  say_all(padding);
  EXPECT_LT(live_bytes() - before, count * (8'000 + 2 * padding.size()));
  leave_all(true);
  EXPECT_LT(live_bytes() - before, 1'000'000);
}

TEST_F(ServerFlood, resets_and_refusals_leave_nothing_behind) {
  run(network.connect(address)).value().reset();
  EXPECT_TRUE(until([&] { return server.connections() == 0; }));
  std::size_t descriptors = open_descriptors();
  std::size_t before = live_bytes();
  for (int round = 0; round < 10; ++round) {
    connect_all();
    auto one_more = run(network.connect(address)).value();
    EXPECT_TRUE(run(one_more->read(1000)).value().view().starts_with("HTTP/1.1 503 "));
    say_all(round % 2 ? "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n" : "GET / HTT");
    leave_all(true);
  }
  EXPECT_EQ(server.refused(Refusal::connections), 10u);
  EXPECT_TRUE(until([&] { return open_descriptors() == descriptors; }));
  EXPECT_LT(live_bytes(), before + 2'000'000);
}

TEST_F(ServerFlood, answers_that_nobody_reads_wait_in_the_kernel_alone) {
  std::size_t before = live_bytes();
  connect_all();
  say_all("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  for (int i = 0; i < 200; ++i) reactor.turn(1ms);
  // One part each; and on io_uring the buffer that the request came in.
  EXPECT_LT(live_bytes() - before, count * 50'000);
  leave_all(true);
}

TEST_F(ServerFlood, heads_that_are_too_large_are_given_up_at_their_limit) {
  std::size_t before = live_bytes();
  connect_all();
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(200'000, 'x');
  std::vector<Deferred<void>> writing;
  for (auto& each : clients) writing.push_back(each->write(Bytes::copy(head)));
  EXPECT_TRUE(until([&] { return server.refused(Refusal::head_size) == count; }));
  writing.clear();
  leave_all(true);
  EXPECT_LT(live_bytes() - before, 2'000'000);
}

}  // namespace
}  // namespace berth::http
