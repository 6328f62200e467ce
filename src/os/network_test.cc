#include "async/network_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(NetworkSuite);

/// What the kernel's sockets do beyond network.h.
class SocketStreamSuite : public NetworkSuite {
 protected:
  std::unique_ptr<File> file_of(std::size_t size) {
    auto file = run(world.disk.open(suite->folder() + "/file", OpenMode::write_emptied)).value();
    run(file->write(0, Bytes::copy(std::string(size, 'x')))).value();
    return file;
  }
};

TEST_P(SocketStreamSuite, datagrams_that_nobody_read_in_time_are_counted) {
  constexpr std::uint64_t sent = 3000;
  std::vector<std::unique_ptr<DatagramSocket>> sockets;
  sockets.push_back(world.network.bind_datagram(Address::loopback(0)).value());
  auto sender = world.network.bind_datagram(Address::loopback(0)).value();
  Bytes bytes = Bytes::copy(std::string(2000, 'x'));
  for (std::uint64_t i = 0; i < sent; ++i) {
    ASSERT_TRUE(sender->send(sockets[0]->address(), bytes));  // to loopback: nothing is lost here
  }
  std::uint64_t lost = lost_by(sockets);
  EXPECT_GT(lost, 0U);
  for (std::uint64_t received = 0; received < sent - lost; ++received) {
    ASSERT_EQ(run(sockets[0]->receive()).value().bytes.size(), 2000U);
  }
  EXPECT_TRUE(sockets[0]->receive().pending());
  sockets[0]->close();
  EXPECT_EQ(lost_by(sockets), lost);
}

TEST_P(SocketStreamSuite, after_a_cancelled_file_writes_answer_closed) {
  auto [client, server] = connect();
  auto file = file_of(16'000'000);
  auto writing = client->write_file({}, *file, 0, 16'000'000);
  run(read_exactly(*server, 1000)).value();
  writing.cancel();
  EXPECT_TRUE(run(std::move(writing)).error().is(Code::cancelled));
  EXPECT_TRUE(run(client->write(Bytes::literal("x"))).error().is(Code::closed));
}

TEST_P(SocketStreamSuite, a_file_to_a_peer_that_is_gone_is_an_error_and_no_signal) {
  auto [client, server] = connect();
  auto file = file_of(16'000'000);
  auto writing = client->write_file({}, *file, 0, 16'000'000);
  run(read_exactly(*server, 1000)).value();
  server->abort();
  EXPECT_FALSE(run(std::move(writing)).ok());
  EXPECT_FALSE(run(client->write_file({}, *file, 0, 16'000'000)).ok());
}

TEST_P(SocketStreamSuite, tells_what_the_peers_kernel_has_taken_while_a_write_waits) {
  auto [client, server] = connect();
  auto file = file_of(16'000'000);
  std::uint64_t before = client->delivered().value();
  auto writing = client->write_file({}, *file, 0, 16'000'000);
  run(read_exactly(*server, 4'000'000)).value();
  EXPECT_TRUE(writing.pending());
  EXPECT_GE(client->delivered().value() - before, 4'000'000u);
  EXPECT_LT(client->delivered().value() - before, 16'000'000u);
}

BERTH_REAL_SUITE(SocketStreamSuite);

}  // namespace berth
