#include "observe/syslog_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/own_world.h"
#include "sim/simulation.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;

/// A sender's host and the receiver's, in the simulation.
struct SyslogServerTest : testing::Test {
  sim::Simulation simulation{3};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  std::vector<std::string> got;
  SyslogLimits limits{.line_bytes_max = 64};
  SyslogServer server{there.world(), Log(),
                      [this](const SyslogReceived& received) {
                        got.push_back(std::string(received.message.app) + ":" +
                                      std::string(received.message.text) +
                                      (received.cut ? "~" : ""));
                        last = received.time;
                      },
                      limits};
  WallTime last{};

  ~SyslogServerTest() override { EXPECT_TRUE(simulation.run(server.close()).ok()); }
  void send_tcp(std::vector<std::string> pieces) {
    auto stream = simulation.run(here.network.connect(there.address(514))).value();
    for (auto& piece : pieces) {
      EXPECT_TRUE(simulation.run(stream->write(Bytes::copy(piece))).ok());
      simulation.run_for(20ms);
    }
    stream->close();
    simulation.run_for(1s);
  }
};

TEST_F(SyslogServerTest, takes_both_framings_on_one_connection_and_a_last_line_without_its_end) {
  server.serve(there.network.listen(there.address(514)).value());
  send_tcp({"<13>a: one\n12 <13", ">b: two\n\n", "<13>c: three\r\n<13>d: four"});
  EXPECT_THAT(got, ElementsAre("a:one", "b:two", "c:three", "d:four"));
  EXPECT_EQ(server.counters().messages, 4U);
  EXPECT_EQ(server.counters().counted_frames, 1U);
  EXPECT_EQ(server.counters().without_priority, 0U);
}

TEST_F(SyslogServerTest, counts_what_is_cut_repaired_or_no_syslog) {
  server.serve(there.network.listen(there.address(514)).value());
  send_tcp({"<13>a: " + std::string(100, 'x') + "\n<13>b: caf\xe9\nno priority\n"});
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0], "a:" + std::string(57, 'x') + "~");
  EXPECT_EQ(got[1], "b:caf\xEF\xBF\xBD");
  EXPECT_EQ(server.counters().cut, 1U);
  EXPECT_EQ(server.counters().repaired, 1U);
  EXPECT_EQ(server.counters().without_priority, 1U);
}

TEST_F(SyslogServerTest, takes_datagrams_and_our_time_where_a_clock_is_wrong) {
  server.serve(there.network.bind_datagram(there.address(514)).value());
  auto socket = here.network.bind_datagram(here.address(0)).value();
  socket->send(there.address(514), Bytes::copy("<13>1 1999-01-01T00:00:00Z h app - - - old"));
  simulation.run_for(1s);
  EXPECT_THAT(got, ElementsAre("app:old"));
  EXPECT_EQ(server.counters().wrong_clocks, 1U);
  EXPECT_LT(there.clock.wall() - last, Duration(2s));
}

TEST(SyslogServer, takes_both_kinds_of_unix_socket) {
  os::OwnWorld own{1};
  std::vector<std::string> got;
  SyslogServer server(own.world, Log(), [&](const SyslogReceived& received) {
    got.push_back(std::string(received.message.text) + "@" + std::string(received.peer));
  });
  std::string path = testing::TempDir() + "syslog-" + std::to_string(own.random.next());
  server.serve(own.network.listen(Address::unix_path(path + ".stream")).value());
  server.serve(own.network.bind_datagram(Address::unix_path(path)).value());
  auto until = [&](auto holds) {
    for (int i = 0; i < 2000 && !holds(); ++i) own.reactor.turn(5ms);
    return holds();
  };
  auto connected = own.network.connect(Address::unix_path(path + ".stream"));
  ASSERT_TRUE(until([&] { return !connected.pending(); }));
  auto stream = connected.take().value();
  auto written = stream->write(Bytes::copy("<13>a: stream\n"));
  EXPECT_TRUE(until([&] { return got.size() == 1 && !written.pending(); }));
  EXPECT_TRUE(written.take().ok());
  auto sender = own.network.bind_datagram(Address::unix_path(path + ".sender")).value();
  EXPECT_TRUE(sender->send(Address::unix_path(path), Bytes::copy("<13>a: datagram")));
  EXPECT_TRUE(until([&] { return got.size() == 2; }));
  EXPECT_THAT(got, ElementsAre("stream@unix", "datagram@unix"));
  stream.reset();
  auto closed = server.close();
  EXPECT_TRUE(until([&] { return !closed.pending(); }));
  EXPECT_TRUE(closed.take().ok());
}

}  // namespace
}  // namespace berth::observe
