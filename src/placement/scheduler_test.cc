#include "placement/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement/cluster_suite.h"

namespace berth::placement {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

TEST_F(SchedulerTest, the_first_deploy_starts_all_at_once_and_ends_when_all_are_good) {
  deploy(spec("orders", 3));
  decide();
  EXPECT_EQ(wanted_there("orders"), 3u);
  EXPECT_THAT(numbers("orders"), ElementsAre(1, 2, 3));
  EXPECT_EQ(rollout("orders").why, "0 of 3 healthy");
  ASSERT_TRUE(run_until_done("orders"));
  EXPECT_TRUE(service("orders").versions[0].good);
  EXPECT_EQ(rollout("orders").why, "");
  EXPECT_THAT(feed_of("orders"), ElementsAre("deploy: version 1 is deployed: 3 to start",
                                             StartsWith("done: version 1 runs: 3 of 3 healthy")));
  EXPECT_FALSE(last.wake) << "nothing is left to be waited for";
  EXPECT_THAT(last.waits, IsEmpty());
}

TEST_F(SchedulerTest, a_service_starts_when_each_of_its_needs_has_had_a_healthy_instance) {
  ServiceSpec web = spec("web");
  web.needs = {"orders", "users"};
  deploy(web);
  deploy(spec("orders"));
  ServiceSpec users = spec("users");
  deploy(users);
  behaviour["users"].to_health = 90s;
  behaviour["users"].healthy = true;
  service("users").versions[0].spec.update.deadline = 10min;
  decide();
  EXPECT_EQ(there("web"), 0u);
  EXPECT_EQ(last.waits["web"], "waits for the first healthy instance of orders and of users");
  run(85s);
  EXPECT_EQ(there("web"), 0u);
  EXPECT_EQ(last.waits["web"], "waits for the first healthy instance of users");
  EXPECT_EQ(rollout("web").result, RolloutResult::running) << "its deadline does not run meanwhile";
  ASSERT_TRUE(run_until_done("web"));
  // Once it was good it starts without them.
  behaviour["users"].healthy = false;
  service("web").instances = 2;
  decide();
  EXPECT_EQ(there("web"), 2u);
}

TEST_F(SchedulerTest, needs_that_are_not_deployed_or_scaled_to_zero_are_told) {
  ServiceSpec web = spec("web");
  web.needs = {"orders", "users"};
  deploy(web);
  deploy(spec("users", 0));
  decide();
  EXPECT_EQ(last.waits["web"],
            "waits for the first healthy instance of orders, which is not deployed and of users, "
            "which is scaled to 0");
}

TEST_F(SchedulerTest, scale_up_takes_the_lowest_free_numbers_and_down_the_highest) {
  orders(2);
  service("orders").instances = 4;
  run(3s);
  EXPECT_THAT(numbers("orders"), ElementsAre(1, 2, 3, 4));
  service("orders").instances = 2;
  run(3s);
  EXPECT_THAT(numbers("orders"), ElementsAre(1, 2));
  EXPECT_EQ(there("orders"), 2u) << "what was stopped is gone";
  service("orders").instances = 0;
  run(3s);
  EXPECT_EQ(there("orders"), 0u);
  EXPECT_THAT(feed, IsEmpty()) << "scaling is told by who asked for it";
}

TEST_F(SchedulerTest, scale_down_takes_an_unhealthy_one_before_a_higher_number) {
  orders(3);
  state.instances["orders"][1].state = InstanceState::unhealthy;
  service("orders").instances = 2;
  decide();
  EXPECT_THAT(numbers("orders"), ElementsAre(2, 3));
}

TEST_F(SchedulerTest, a_removed_service_ends_and_is_forgotten) {
  orders(2);
  remove(service("orders"), now);
  decide();
  EXPECT_EQ(wanted_there("orders"), 0u);
  EXPECT_TRUE(state.policies.contains("orders")) << "what it still answers needs its address";
  EXPECT_THAT(last.waits["orders"], HasSubstr("is being removed"));
  run(3s);
  EXPECT_THAT(state.services, IsEmpty());
  EXPECT_THAT(state.policies, IsEmpty());
  EXPECT_THAT(state.assignments, IsEmpty());
  EXPECT_THAT(feed_of("orders"), ElementsAre("done: is removed: nothing of it runs any more"));
}

TEST_F(SchedulerTest, a_service_deployed_while_it_is_removed_begins_anew) {
  orders(2);
  remove(service("orders"), now);
  decide();
  deploy(spec("orders", 2));
  ASSERT_TRUE(run_until_done("orders"));
  EXPECT_EQ(service("orders").target, 2u);
  EXPECT_EQ(healthy("orders"), 2u);
}

TEST_F(SchedulerTest, a_deploy_that_is_not_felt_by_instances_keeps_the_version) {
  orders(2);
  ServiceSpec next = spec("orders", 3);
  next.calls.timeout = 9s;
  next.routes = {{"web", "/"}};
  deploy(next);
  decide();
  EXPECT_EQ(service("orders").target, 1u);
  EXPECT_EQ(service("orders").rollouts.size(), 1u);
  EXPECT_EQ(wanted_there("orders"), 3u);
  EXPECT_EQ(state.policies["orders"].policy.timeout, 9s);
  EXPECT_EQ(state.policies["orders"].routes.size(), 1u);
}

TEST_F(SchedulerTest, policies_have_the_services_address) {
  deploy(spec("orders"));
  ServiceSpec worker = spec("worker");
  worker.has_port = false;
  worker.health.kind = HealthCheck::Kind::process;
  deploy(worker);
  decide();
  EXPECT_EQ(state.policies["orders"].vip.text(), "127.77.7.2:7480");
  EXPECT_EQ(state.policies["worker"].vip, Address());
  EXPECT_FALSE(state.policies["worker"].has_port);
}

// Hosts ------------------------------------------------------------------------------------------

TEST_F(SchedulerTest, instances_are_spread_over_hosts) {
  add_host("b");
  add_host("c");
  deploy(spec("orders", 6));
  deploy(spec("users", 2));
  deploy(spec("mail", 1));
  decide();
  EXPECT_THAT(by_host("orders"), ElementsAre(Pair("a", 2), Pair("b", 2), Pair("c", 2)));
  deploy(spec("orders", 6, "v2"));
  ASSERT_TRUE(run_until_done("orders"));
  EXPECT_THAT(by_host("orders"), ElementsAre(Pair("a", 2), Pair("b", 2), Pair("c", 2)));
}

TEST_F(SchedulerTest, the_least_reserved_host_is_taken) {
  state.hosts.clear();
  add_host("small", 1000, 256 << 20);
  add_host("large", 4000, 1 << 30);
  ServiceSpec one = spec("one");
  one.memory_bytes = 128 << 20;
  ServiceSpec two = one;
  two.name = "two";
  ServiceSpec three = one;
  three.name = "three";
  for (const ServiceSpec& each : {one, two, three}) {
    deploy(each);
    decide();
  }
  EXPECT_EQ(by_host("one").begin()->first, "large");
  EXPECT_EQ(by_host("two").begin()->first, "small");
  EXPECT_EQ(by_host("three").begin()->first, "large");
}

TEST_F(SchedulerTest, full_hosts_are_told_with_what_is_missing_where) {
  state.hosts.clear();
  add_host("a", 1000, 256 << 20);
  add_host("b", 400, 1 << 30);
  ServiceSpec orders = spec("orders", 4);
  orders.cpu_millicores = 500;
  orders.memory_bytes = 100 << 20;
  deploy(orders);
  ServiceSpec image = spec("stock");
  image.source = ServiceSpec::Source::image;
  deploy(image);
  decide();
  EXPECT_EQ(wanted_there("orders"), 2u);
  EXPECT_EQ(last.waits["orders"],
            "no host fits: a has 56 MiB of memory free, 100 MiB is needed; b has 400m of cpu free, "
            "500m is needed");
  EXPECT_EQ(last.waits["stock"], "no host fits: a has no Docker; b has no Docker");
  state.hosts.clear();
  decide();
  EXPECT_EQ(last.waits["stock"], "no host is there to run it");
}

TEST_F(SchedulerTest, a_fixed_port_is_held_by_one_instance_of_a_host) {
  ServiceSpec one = spec("one", 2);
  one.port = 8000;
  deploy(one);
  decide();
  EXPECT_EQ(wanted_there("one"), 1u);
  EXPECT_EQ(last.waits["one"], "no host fits: port 8000 of a is taken by one/1");
  add_host("b");
  ASSERT_TRUE(run_until_done("one"));
  EXPECT_THAT(by_host("one"), ElementsAre(Pair("a", 1), Pair("b", 1)));
  watch("one");
  ServiceSpec next = one;
  next.run = "v2";
  deploy(next);
  ASSERT_TRUE(run_until_done("one"));
  EXPECT_EQ(least_healthy, 1u);
  next.run = "v3";
  next.instances = 1;
  deploy(next);
  ASSERT_TRUE(run_until_done("one")) << "the last one goes too: its successor needs its port";
}

TEST_F(SchedulerTest, instances_of_a_lost_host_are_moved_after_the_grace) {
  add_host("b");
  orders(4);
  ASSERT_THAT(by_host("orders"), ElementsAre(Pair("a", 2), Pair("b", 2)));
  lose_host("b");
  run(29s);
  EXPECT_THAT(by_host("orders"), ElementsAre(Pair("a", 2), Pair("b", 2)));
  EXPECT_THAT(last.waits["orders"], HasSubstr("host b is silent"));
  run(5s);
  EXPECT_THAT(by_host("orders"), ElementsAre(Pair("a", 4)));
  EXPECT_EQ(healthy("orders"), 4u);
  EXPECT_EQ(state.instances["orders"].size(), 4u) << "records of the lost ones are gone";
  EXPECT_EQ(there("orders"), 6u) << "but they are to be stopped when the host comes back";
  EXPECT_THAT(feed_of("orders"), Contains("restart: orders/2 is lost: host b is silent for 30 s"));
  run(1h);
  EXPECT_EQ(there("orders"), 4u) << "a host that never comes back is forgotten";
}

TEST_F(SchedulerTest, a_host_that_comes_back_within_the_grace_changes_nothing) {
  add_host("b");
  orders(4);
  std::set<std::uint32_t> before = numbers("orders");
  lose_host("b");
  run(25s);
  find_host("b");
  run(1min);
  EXPECT_EQ(numbers("orders"), before);
  EXPECT_EQ(there("orders"), 4u);
}

TEST_F(SchedulerTest, a_host_that_comes_back_late_leaves_no_duplicates) {
  add_host("b");
  orders(4);
  auto ran_there = state.instances["orders"];
  lose_host("b");
  run(40s);
  find_host("b");
  for (auto& [number, record] : ran_there)  // it tells what still runs on it
    if (record.host == "b") state.instances["orders"][number] = record;
  decide();
  EXPECT_EQ(wanted_there("orders"), 4u);
  run(5s);
  EXPECT_EQ(there("orders"), 4u);
  EXPECT_EQ(state.instances["orders"].size(), 4u);
  EXPECT_EQ(healthy("orders"), 4u);
}

TEST_F(SchedulerTest, a_lost_host_without_another_keeps_its_instances) {
  orders(2);
  lose_host("a");
  run(10min);
  EXPECT_EQ(wanted_there("orders"), 2u);
  EXPECT_EQ(last.waits["orders"], "no host is there to run it");
  find_host("a");
  run(5s);
  EXPECT_THAT(numbers("orders"), ElementsAre(1, 2));
  EXPECT_EQ(there("orders"), 2u);
}

TEST_F(SchedulerTest, several_services_change_at_once) {
  add_host("b");
  for (const char* name : {"one", "two", "three"}) deploy(spec(name, 4));
  for (const char* name : {"one", "two", "three"}) ASSERT_TRUE(run_until_done(name));
  watch("two");
  deploy(spec("one", 4, "v2"));
  deploy(spec("two", 2, "v2"));
  behaviour["three@2"].healthy = false;
  deploy(spec("three", 6, "v2"));
  run(2min);
  EXPECT_EQ(service("one").target, 2u);
  EXPECT_EQ(service("two").target, 2u);
  EXPECT_EQ(service("three").target, 1u);
  EXPECT_EQ(healthy("one"), 4u);
  EXPECT_EQ(healthy("two"), 2u);
  EXPECT_EQ(healthy("three"), 6u);
  EXPECT_EQ(least_healthy, 2u);
}

TEST_F(SchedulerTest, what_has_no_service_any_more_is_stopped) {
  orders(2);
  state.services.clear();
  run(3s);
  EXPECT_THAT(state.assignments, IsEmpty());
  EXPECT_THAT(state.policies, IsEmpty());
}

TEST_F(SchedulerTest, a_thousand_instances_on_fifty_hosts_cost_one_look_at_each_host) {
  state.hosts.clear();
  for (int i = 0; i < 50; ++i) add_host("host" + std::to_string(i), 64'000, std::int64_t{64} << 30);
  for (int i = 0; i < 10; ++i) {
    ServiceSpec service = spec("service" + std::to_string(i), 100);
    service.memory_bytes = 64 << 20;
    service.cpu_millicores = 100;
    deploy(service);
  }
  Decision d = schedule(state, {}, now, options);
  EXPECT_EQ(d.assign.size(), 1000u);
  EXPECT_LE(d.hosts_looked_at, 1000u * 50u);
  apply(d);
  EXPECT_THAT(by_host("service7"), testing::Each(Pair(testing::_, 2)));
  Decision again = schedule(state, {}, now, options);
  EXPECT_TRUE(again.empty());
  EXPECT_EQ(again.hosts_looked_at, 0u);
}

}  // namespace
}  // namespace berth::placement
