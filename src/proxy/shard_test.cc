#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/server.h"
#include "proxy/alone.h"
#include "proxy/control_site.h"
#include "proxy/limits/part.h"
#include "sim/simulation.h"

// A proxy alone with a second shard beside it, here on the same reactor.

namespace berth::proxy {
namespace {

/// Listens at the port above the one that it is asked for.
struct NextPort final : ListenerSource {
  explicit NextPort(Network& network) : network(network) {}
  Deferred<std::unique_ptr<Listener>> listener(Address address) override {
    auto port = static_cast<std::uint16_t>(address.port() + 1);
    return resolved<std::unique_ptr<Listener>>(network.listen(address.with_port(port)));
  }
  void release(const Address&) override {}
  Network& network;
};

struct OneSibling final : Siblings {
  std::size_t count() const override { return 1; }
  Deferred<void> each(std::function<void(Shard&)> work) override {
    work(*shard);
    return ready();
  }
  void tell(std::function<void(Shard&)> work) override { work(*shard); }
  std::size_t connections() const override { return shard->proxy().connections(); }
  Shard* shard = nullptr;
};

struct ShardTest : ::testing::Test {
  sim::Simulation simulation{23};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  OneSibling sibling;
  Alone alone{middle.world(), Log(), {}, sibling};
  NextPort listeners{middle.network};
  Shard second{middle.world(), Log(), listeners, {1, alone.shard().commons()}};
  ControlSite site{middle.world(), Log(), alone};
  http::Client client{outside.clock, outside.network};
  Duration slow = 0s;
  http::Server server{inside.clock, [this](http::ServerRequest&) { return answer(); }};

  ShardTest() {
    sibling.shard = &second;
    server.serve(inside.network.listen(inside.address(9001)).value());
    EXPECT_TRUE(site.set({}, middle.address(7000)).ok());
  }
  Deferred<http::ServerResponse> answer() {
    if (slow > 0s) co_await inside.clock.after(slow);
    co_return http::ServerResponse::text("hello");
  }
  static gateway::ProxyFile file(const std::string& more) {
    std::string text =
        "[proxy]\nthreads = 2\n[listener.web]\nlisten = \"tcp:10.0.0.2:80\"\n[route.all]\n"
        "service = \"a\"\n[service.a]\ninstances = [\"10.0.0.3:9001\"]\n" +
        more;
    auto file = gateway::read_proxy_file(text, "proxy.toml", "", [](const std::string& path) {
      return Result<std::string>(Error(Code::not_found, "no " + path));
    });
    EXPECT_TRUE(file.ok()) << file.error().text();
    return std::move(*file);
  }
  void apply(const std::string& more = "") {
    std::vector<gateway::ProxyFile> copies;
    copies.push_back(file(more));
    auto applied = alone.apply(file(more), std::move(copies));
    ASSERT_TRUE(applied.ok()) << applied.error().text();
    simulation.run_for(10ms);
  }
  int get(std::uint16_t port) {
    http::Request request;
    auto got = simulation.run(client.send(middle.address(port), std::move(request)));
    return got.ok() ? got->status() : 0;
  }
  Json tell(http::Text method, const std::string& target) {
    http::Request request;
    request.method = method;
    request.target = target;
    auto got = simulation.run(client.send(middle.address(7000), std::move(request)));
    EXPECT_TRUE(got.ok() && got->status() == 200);
    return simulation.run(got->json()).value();
  }
};

TEST_F(ShardTest, parts_of_a_limit_are_the_limit_together) {
  for (std::uint32_t limit : {0U, 1U, 5U, 256U}) {
    for (std::uint64_t threads : {1U, 2U, 3U, 63U}) {
      std::uint64_t sum = 0;
      for (std::uint64_t i = 0; i < threads; ++i) sum += part_of(limit, threads, i);
      EXPECT_EQ(sum, limit);
    }
  }
  apply("in_flight_max = 5\nqueue_max = 3\n");
  auto policy_of = [](Shard& shard) { return shard.proxy().pool_called("a")->policy(); };
  EXPECT_EQ(policy_of(alone.shard()).in_flight_max, 3U);
  EXPECT_EQ(policy_of(second).in_flight_max, 2U);
  EXPECT_EQ(policy_of(alone.shard()).queue_max, 2U);
  EXPECT_EQ(policy_of(second).queue_max, 1U);
}

TEST_F(ShardTest, what_both_count_is_told_as_one) {
  apply();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(80), 200);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get(81), 200);
  auto state = tell("GET", "/v1/state");
  EXPECT_EQ(state["threads"].integer(), 2);
  auto& service = state["services"].items().at(0);
  EXPECT_EQ(service["instances"].items().at(0)["requests"].integer(), 7);
  auto stats = tell("GET", "/v1/stats");
  EXPECT_EQ(stats["listeners"].items().at(0)["requests"].integer(), 7);
  EXPECT_EQ(stats["services"].items().at(0)["responses"].items().at(1).integer(), 7);
  EXPECT_EQ(tell("GET", "/v1/slow")["minutes"].items().at(0)["requests"].integer(), 7);
  Json counts = simulation.run(alone.handover()).value()["counts"];
  EXPECT_EQ(counts["backends"]["a"]["requests"].integer(), 7);
}

TEST_F(ShardTest, averages_of_both_count_by_their_requests) {
  Tally few;
  few.requests = 1;
  few.total_time = 4;
  Tally many;
  many.requests = 3;
  many.total_time = 8;
  few.add(many);
  EXPECT_EQ(few.requests, 4U);
  EXPECT_DOUBLE_EQ(few.total_time, 7);
  few.add(Tally());
  EXPECT_DOUBLE_EQ(few.total_time, 7);
}

TEST_F(ShardTest, a_rate_is_one_for_both) {
  apply("limit = { per_second = 1, burst = 4 }\n");
  int good = 0;
  for (int i = 0; i < 4; ++i) good += (get(80) == 200) + (get(81) == 200);
  EXPECT_EQ(good, 4);
}

TEST_F(ShardTest, orders_hold_on_both_and_a_drain_waits_for_both) {
  apply();
  slow = 300ms;
  auto waiting = client.send(middle.address(81), http::Request());
  ASSERT_TRUE(simulation.run_until([&] { return second.proxy().requests_in_flight() == 1; }));
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/drain")["in_flight"].integer(), 1);
  auto state = tell("GET", "/v1/state");
  auto& instance = state["services"].items().at(0)["instances"].items().at(0);
  EXPECT_EQ(instance["in_flight"].integer(), 1);
  auto began = simulation.now();
  EXPECT_EQ(tell("POST", "/v1/instances/a/1/drain?wait=5s")["in_flight"].integer(), 0);
  EXPECT_GE(simulation.now() - began, 200ms);
  EXPECT_TRUE(simulation.run(std::move(waiting)).ok());
  EXPECT_EQ(get(80), 503);
  EXPECT_EQ(get(81), 503);
  tell("POST", "/v1/instances/a/1/enable");
  EXPECT_EQ(get(81), 200);
}

TEST_F(ShardTest, sessions_of_both_are_listed_and_killed) {
  apply();
  auto one = simulation.run(outside.network.connect(middle.address(80))).value();
  auto two = simulation.run(outside.network.connect(middle.address(81))).value();
  simulation.run_for(10ms);
  Json sessions = tell("GET", "/v1/sessions")["sessions"];
  ASSERT_EQ(sessions.items().size(), 2U);
  EXPECT_NE(sessions.items().at(0)["id"].integer(), sessions.items().at(1)["id"].integer());
  for (auto& each : sessions.items()) {
    tell("DELETE", "/v1/sessions/" + std::to_string(*each["id"].integer()));
  }
  simulation.run_for(10ms);
  EXPECT_EQ(alone.connections(), 0U);
}

TEST_F(ShardTest, another_number_of_threads_is_refused) {
  apply();
  auto changed = file("");
  changed.gateway->threads = 3;
  auto applied = alone.apply(std::move(changed));
  ASSERT_FALSE(applied.ok());
  EXPECT_THAT(applied.error().text(), testing::HasSubstr("threads can't change"));
  EXPECT_EQ(get(81), 200);
}

TEST_F(ShardTest, challenges_of_the_first_are_answered_by_both) {
  apply();
  alone.certificates().challenges().put("token", "authorization");
  ASSERT_NE(second.challenges().find("token"), nullptr);
  EXPECT_EQ(*second.challenges().find("token"), "authorization");
  EXPECT_EQ(second.proxy().gateway()->challenges->find("token"), second.challenges().find("token"));
  alone.certificates().challenges().remove("token");
  EXPECT_EQ(second.challenges().find("token"), nullptr);
}

}  // namespace
}  // namespace berth::proxy
