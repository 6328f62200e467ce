#include "async/connect_any.h"

#include <gtest/gtest.h>

#include <map>

#include "async/manual_clock.h"
#include "sim/simulation.h"

namespace berth {
namespace {

/// Answers attempts when it is told to.
struct ToldNetwork final : Network {
  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override {
    begun.push_back(peer.text());
    return open[peer.text()].deferred();
  }
  Result<std::unique_ptr<Listener>> listen(const Address&, const ListenOptions&) override {
    return Error(Code::unsupported, "");
  }
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address&) override {
    return Error(Code::unsupported, "");
  }
  void refuse(const std::string& address) {
    open[address].errback(Error(Code::refused, "nothing listens"));
  }

  std::vector<std::string> begun;
  std::map<std::string, Promise<std::unique_ptr<ByteStream>>> open;
};

Address at(const char* text) { return Address::parse(text).value(); }

using Texts = std::vector<std::string>;

TEST(ConnectAny, begins_the_next_address_after_250_ms_families_in_turn) {
  ManualClock clock;
  ToldNetwork network;
  auto stream = connect_any(clock, network,
                            {at("[::1]:80"), at("[::2]:80"), at("10.0.0.1:80"), at("10.0.0.2:80")});
  EXPECT_EQ(network.begun, Texts({"[::1]:80"}));
  clock.advance(249ms);
  EXPECT_EQ(network.begun.size(), 1u);
  clock.advance(1ms);
  EXPECT_EQ(network.begun, Texts({"[::1]:80", "10.0.0.1:80"}));
  clock.advance(500ms);
  EXPECT_EQ(network.begun.size(), 3u);
  clock.advance(250ms);
  EXPECT_EQ(network.begun, Texts({"[::1]:80", "10.0.0.1:80", "[::2]:80", "10.0.0.2:80"}));
  clock.advance(1h);
  EXPECT_TRUE(stream.pending());
}

TEST(ConnectAny, begins_the_next_at_once_when_one_failed_and_tells_of_all_that_did) {
  ManualClock clock;
  ToldNetwork network;
  auto stream = connect_any(clock, network, {at("10.0.0.1:80"), at("10.0.0.2:80")});
  network.refuse("10.0.0.1:80");
  clock.advance(0s);
  EXPECT_EQ(network.begun.size(), 2u);
  network.refuse("10.0.0.2:80");
  clock.advance(0s);
  auto error = stream.take().error();
  EXPECT_TRUE(error.is(Code::refused));
  EXPECT_EQ(error.text(),
            "none of 2 addresses could be connected to: 10.0.0.1:80: nothing listens; "
            "10.0.0.2:80: nothing listens");
}

TEST(ConnectAny, drops_the_others_when_one_has_connected_or_it_is_cancelled) {
  ManualClock clock;
  ToldNetwork network;
  std::vector<Address> two = {at("10.0.0.1:80"), at("10.0.0.2:80")};
  auto stream = connect_any(clock, network, two);
  clock.advance(250ms);
  network.open["10.0.0.1:80"].callback(nullptr);
  clock.advance(0s);
  EXPECT_TRUE(stream.take().ok());
  EXPECT_FALSE(network.open["10.0.0.2:80"].wanted());

  network.open.clear();
  auto cancelled = connect_any(clock, network, two);
  clock.advance(250ms);
  EXPECT_TRUE(network.open["10.0.0.1:80"].wanted() && network.open["10.0.0.2:80"].wanted());
  cancelled.cancel();
  clock.advance(0s);
  EXPECT_TRUE(cancelled.take().error().is(Code::cancelled));
  EXPECT_FALSE(network.open["10.0.0.1:80"].wanted() || network.open["10.0.0.2:80"].wanted());
}

TEST(ConnectAny, needs_an_address) {
  ManualClock clock;
  ToldNetwork network;
  EXPECT_TRUE(connect_any(clock, network, {}).take().error().is(Code::invalid));
}

TEST(ConnectAny, reaches_a_host_whose_first_address_is_silent) {
  sim::Simulation simulation(1);
  sim::Host& client = simulation.add_host("client");
  sim::Host& silent = simulation.add_host("silent");
  sim::Host& good = simulation.add_host("good");
  simulation.fabric.cut(client.node(), silent.node());
  auto listener = good.network.listen(good.address(80)).value();
  MonotonicTime begun = simulation.now();
  auto stream = simulation.run(connect_any(client.clock, client.network,
                                           {silent.address(80), at("[::1]:80"), good.address(80)}));
  ASSERT_TRUE(stream.ok()) << stream.error().text();
  EXPECT_EQ((*stream)->peer_address(), good.address(80));
  EXPECT_GE(simulation.now() - begun, connection_attempt_delay);
  EXPECT_LT(simulation.now() - begun, connection_attempt_delay + 20ms);
}

}  // namespace
}  // namespace berth
