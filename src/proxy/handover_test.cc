#include <gtest/gtest.h>

#include "async/scope.h"
#include "proxy/alone.h"
#include "sim/simulation.h"

// What a proxy alone tells the process that follows it.

namespace berth::proxy {
namespace {

struct HandoverTest : ::testing::Test {
  sim::Simulation simulation{21};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  std::unique_ptr<Listener> instance = inside.network.listen(inside.address(9001)).value();

  std::unique_ptr<Alone> begin(const Json& handover = {}) {
    auto alone = std::make_unique<Alone>(middle.world(), Log());
    alone->begin_with(handover);
    std::string text =
        "[listener.raw]\nlisten = \"tcp:10.0.0.2:80\"\nmode = \"tcp\"\nservice = \"a\"\n"
        "[service.a]\ninstances = [\"10.0.0.3:9001\", \"10.0.0.3:9002\", \"10.0.0.3:9003\"]\n"
        "check = { tcp = true, interval = \"1s\" }\n";
    auto file = gateway::read_proxy_file(text, "proxy.toml", "", [](const std::string& path) {
      return Result<std::string>(Error(Code::not_found, "no " + path));
    });
    EXPECT_TRUE(file.ok() && alone->apply(std::move(*file)).ok());
    return alone;
  }
  static const catalog::Instance& of(const Alone& alone, std::size_t number) {
    return alone.proxy().pool_called("a")->service().instances.at(number - 1);
  }
};

TEST_F(HandoverTest, health_orders_and_counters_go_over) {
  auto before = begin();
  EXPECT_EQ(of(*before, 1).health, catalog::Health::starting);
  simulation.run_for(2s);
  EXPECT_EQ(of(*before, 1).health, catalog::Health::healthy);
  EXPECT_EQ(of(*before, 2).health, catalog::Health::unhealthy);
  ASSERT_TRUE(before->order("a/3", Alone::Order::drained).ok());
  for (int i = 0; i < 3; ++i) {
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    ASSERT_TRUE(simulation.run(stream->write(Bytes::literal("hello"))).ok());
    stream->abort();
    simulation.run_for(100ms);
  }
  auto json = Json::parse(simulation.run(before->handover()).value().text());
  ASSERT_TRUE(json.ok());
  std::string why = of(*before, 2).why;
  before.reset();

  auto after = begin(*json);
  EXPECT_EQ(of(*after, 1).health, catalog::Health::healthy);  // before any check
  EXPECT_EQ(of(*after, 2).health, catalog::Health::unhealthy);
  EXPECT_EQ(of(*after, 2).why, why);
  EXPECT_EQ(after->ordered("a/3"), Alone::Order::drained);
  EXPECT_EQ(after->counts().all().frontends.at("raw").requests, 3U);
  EXPECT_EQ(after->counts().all().backends.at("a").requests, 3U);
  EXPECT_EQ(after->counts().all().times.at("a").count(), 3U);
  EXPECT_EQ(simulation.run(after->handover()).value()["counts"].text(), (*json)["counts"].text());
  simulation.run_for(2s);
  EXPECT_EQ(of(*after, 1).health, catalog::Health::healthy);
}

TEST_F(HandoverTest, what_cannot_be_read_counts_as_if_it_were_not_there) {
  auto json = Json::parse(
      "{\"instances\":[1,{\"service\":\"a\"},{\"service\":\"a\",\"address\":\"x\",\"healthy\":true}"
      "],"
      "\"counts\":{\"frontends\":{\"raw\":{\"requests\":-1}},\"times\":{\"a\":\"!\"}}}");
  ASSERT_TRUE(json.ok());
  auto after = begin(*json);
  EXPECT_EQ(of(*after, 1).health, catalog::Health::starting);
  EXPECT_EQ(after->counts().all().frontends.at("raw").requests, 0U);
}

}  // namespace
}  // namespace berth::proxy
