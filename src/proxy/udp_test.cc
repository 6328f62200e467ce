#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>

#include "async/scope.h"
#include "proxy/alone.h"
#include "proxy/open_session.h"
#include "sim/simulation.h"

// Listeners of datagrams: listen = "udp:...".

namespace berth::proxy {
namespace {

using testing::MatchesRegex;
using testing::UnorderedElementsAre;

struct UdpTest : ::testing::Test {
  sim::Simulation simulation{9};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  std::unique_ptr<Alone> alone = std::make_unique<Alone>(middle.world(), Log());
  std::map<std::uint16_t, std::unique_ptr<DatagramSocket>> instances;
  std::map<std::uint16_t, int> came;
  std::unique_ptr<DatagramSocket> log = outside.network.bind_datagram(outside.address(514)).value();
  Scope scope;

  Deferred<void> answer_all(DatagramSocket& socket, std::uint16_t port) {
    for (;;) {
      auto datagram = co_await socket.receive().result();
      if (!datagram.ok()) co_return;
      ++came[port];
      socket.send(datagram->peer, Bytes::copy(std::to_string(port) + datagram->bytes.text()));
    }
  }
  void instance(std::uint16_t port) {
    instances[port] = inside.network.bind_datagram(inside.address(port)).value();
    scope.add(answer_all(*instances[port], port));
  }
  void apply(const std::string& ports, const std::string& of_listener = "") {
    std::string text = "[listener.names]\nlisten = \"udp:10.0.0.2:53\"\nservice = \"a\"\n" +
                       of_listener + "\n[service.a]\ninstances = [" + ports +
                       "]\nbalance = { way = \"round_robin\" }\n" +
                       "[[log]]\nto = \"syslog+udp:10.0.0.1:514\"\n";
    auto file = gateway::read_proxy_file(text, "proxy.toml", "", [](const std::string& path) {
      return Result<std::string>(Error(Code::not_found, "no " + path));
    });
    ASSERT_TRUE(file.ok()) << file.error().text();
    auto applied = alone->apply(std::move(*file));
    ASSERT_TRUE(applied.ok()) << applied.error().text();
    simulation.run_for(1ms);
  }
  std::unique_ptr<DatagramSocket> client() {
    return outside.network.bind_datagram(outside.address(0)).value();
  }
  std::string ask(DatagramSocket& socket, const std::string& text) {
    socket.send(middle.address(53), Bytes::copy(text));
    auto answer = simulation.run(with_timeout(outside.clock, 1s, socket.receive()));
    return answer.ok() ? answer->bytes.text() : answer.error().text();
  }
  std::string line() {
    auto message = simulation.run(with_timeout(outside.clock, 60s, log->receive()));
    if (!message.ok()) return "no line";
    std::string text = message->bytes.text();
    return text.substr(text.find("] ") + 2);
  }
};

TEST_F(UdpTest, an_address_stays_with_its_instance_until_it_was_silent) {
  instance(9001);
  instance(9002);
  apply("\"10.0.0.3:9001\", \"10.0.0.3:9002\"", "idle_timeout = \"2s\"");
  auto one = client();
  auto two = client();
  std::string first = ask(*one, "x");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(*one, "x"), first);
  EXPECT_NE(ask(*two, "x"), first);
  EXPECT_EQ(came[9001] + came[9002], 7);
  EXPECT_EQ(alone->proxy().sessions().size(), 2U);
  EXPECT_EQ(alone->proxy().sessions().front()->shown().method, "UDP");
  simulation.run_for(3s);
  EXPECT_TRUE(alone->proxy().sessions().empty());
  EXPECT_EQ(alone->proxy().requests_in_flight(), 0U);
  // Datagrams overtake one another.
  EXPECT_THAT((std::array{line(), line()}),
              UnorderedElementsAre(MatchesRegex("names a/a/[12] 0/0/2[0-9]+ 30 -- .*"),
                                   MatchesRegex("names a/a/[12] 0/0/2[0-9]+ 5 -- .*")));
}

TEST_F(UdpTest, a_client_whose_instance_leaves_goes_to_another) {
  instance(9001);
  instance(9002);
  apply("\"10.0.0.3:9001\", \"10.0.0.3:9002\"");
  auto one = client();
  std::string first = ask(*one, "");
  std::string id = first == "9001" ? "a/1" : "a/2";
  ASSERT_TRUE(alone->order(id, Alone::Order::drained).ok());
  EXPECT_NE(ask(*one, ""), first);
  EXPECT_EQ(simulation.run(alone->in_flight(id)).value(), 0U);
}

TEST_F(UdpTest, beyond_the_limit_datagrams_are_dropped) {
  instance(9001);
  apply("\"10.0.0.3:9001\"", "sessions_max = 2");
  auto one = client();
  auto two = client();
  auto three = client();
  EXPECT_EQ(ask(*one, "a"), "9001a");
  EXPECT_EQ(ask(*two, "b"), "9001b");
  EXPECT_NE(ask(*three, "c"), "9001c");
  EXPECT_EQ(ask(*one, "d"), "9001d");
  alone->proxy().sessions().front()->kill();
  simulation.run_for(10ms);
  EXPECT_THAT(line(), MatchesRegex("names a/a/1 .* KD .*"));
  EXPECT_EQ(ask(*three, "c"), "9001c");
}

TEST_F(UdpTest, a_proxy_that_stops_still_gives_answers_back) {
  instance(9001);
  apply("\"10.0.0.3:9001\"");
  auto one = client();
  one->send(middle.address(53), Bytes::copy("x"));
  simulation.run_until([&] { return !alone->proxy().sessions().empty(); }, 1s);
  alone->proxy().stop_listening();
  auto answer = simulation.run(with_timeout(outside.clock, 1s, one->receive()));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->bytes.text(), "9001x");
  simulation.run_for(2s);
  EXPECT_EQ(alone->proxy().requests_in_flight(), 0U);
}

}  // namespace
}  // namespace berth::proxy
