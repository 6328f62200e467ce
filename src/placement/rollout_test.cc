#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement/cluster_suite.h"

// How one version of a service takes the place of another.

namespace berth::placement {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

struct RolloutTest : SchedulerTest {};

TEST_F(RolloutTest, a_rolling_update_starts_new_ones_first_and_never_has_fewer_than_wanted) {
  orders(3);
  watch("orders");
  deploy(spec("orders", 3, "v2"));
  ASSERT_TRUE(run_until_done("orders"));
  EXPECT_EQ(least_healthy, 3u);
  EXPECT_EQ(most_there, 4u);
  EXPECT_EQ(count("orders", [](const Assignment& a, auto) { return a.stop || a.version == 2; }),
            there("orders"));
  run(3s);
  EXPECT_EQ(there("orders"), 3u);
  EXPECT_THAT(feed_of("orders"), ElementsAre("deploy: version 2 is deployed: 3 to replace",
                                             StartsWith("done: version 2 runs: 3 of 3 healthy")));
}

TEST_F(RolloutTest, parallel_new_instances_are_on_their_way_at_once) {
  orders(4);
  watch("orders");
  ServiceSpec next = spec("orders", 4, "v2");
  next.update.parallel = 3;
  deploy(next);
  decide();
  EXPECT_EQ(wanted_there("orders"), 7u);
  ASSERT_TRUE(run_until_done("orders"));
  EXPECT_EQ(most_there, 7u);
  EXPECT_EQ(least_healthy, 4u);
}

TEST_F(RolloutTest, a_new_instance_counts_only_after_it_was_healthy_for_a_while) {
  orders(1);
  ServiceSpec next = spec("orders", 1, "v2");
  next.update.healthy_for = 10s;
  deploy(next);
  run(9s);
  EXPECT_EQ(wanted_there("orders"), 2u);
  EXPECT_EQ(rollout("orders").why, "0 of 1 replaced");
  ASSERT_TRUE(last.wake);
  EXPECT_LE(*last.wake - now, 2s);
  run(2s);
  EXPECT_EQ(wanted_there("orders"), 1u);
}

TEST_F(RolloutTest, a_version_that_does_not_become_healthy_is_returned) {
  orders(2);
  watch("orders");
  deploy(spec("orders", 2, "broken"));
  behaviour["orders@2"].healthy = false;
  run(55s);
  EXPECT_EQ(service("orders").target, 2u);
  run(10s);
  DesiredService& after = service("orders");
  EXPECT_EQ(after.target, 1u);
  ASSERT_EQ(after.rollouts.size(), 3u);
  EXPECT_EQ(after.rollouts[1].result, RolloutResult::returned);
  EXPECT_EQ(after.rollouts[1].why,
            "orders/3 was unhealthy and not healthy within 1 min: "
            "GET /health answered 500");
  EXPECT_EQ(after.rollouts[2].result, RolloutResult::done);
  EXPECT_TRUE(after.rollouts[2].automatic);
  EXPECT_FALSE(after.versions[1].good);
  run(3s);
  EXPECT_THAT(numbers("orders"), ElementsAre(1, 2));
  EXPECT_EQ(there("orders"), 2u);
  EXPECT_EQ(least_healthy, 2u);
  EXPECT_THAT(feed_of("orders"),
              ElementsAre("deploy: version 2 is deployed: 2 to replace",
                          AllOf(StartsWith("rollback: version 2 failed: orders/3"),
                                HasSubstr("going back to version 1")),
                          StartsWith("done: version 1 runs: 2 of 2 healthy")));
}

TEST_F(RolloutTest, a_version_whose_instance_ends_again_and_again_is_returned_soon) {
  orders(2);
  deploy(spec("orders", 2, "broken"));
  behaviour["orders@2"].lives = 200ms;
  run(8s);
  EXPECT_EQ(service("orders").target, 1u);
  EXPECT_EQ(service("orders").rollouts[1].why, "orders/3 was started 4 times: exited with 1");
}

TEST_F(RolloutTest, a_return_in_the_middle_of_a_rollout_brings_the_old_instances_back) {
  orders(3);
  deploy(spec("orders", 3, "v2"));
  run(4s);  // one is replaced
  EXPECT_GE(count("orders", [](const Assignment& a, auto) { return !a.stop && a.version == 2; }),
            1u);
  behaviour["orders@2"].healthy = false;
  run(2min);
  EXPECT_EQ(service("orders").target, 1u);
  EXPECT_EQ(rollout("orders").result, RolloutResult::done);
  EXPECT_EQ(healthy("orders"), 3u);
  EXPECT_EQ(there("orders"), 3u);
}

TEST_F(RolloutTest, without_a_good_version_the_rollout_fails_and_its_instances_are_tried_on) {
  deploy(spec("orders", 2));
  behaviour["orders"].healthy = false;
  run(70s);
  EXPECT_EQ(rollout("orders").result, RolloutResult::failed);
  EXPECT_EQ(wanted_there("orders"), 2u);
  EXPECT_THAT(feed_of("orders"),
              ElementsAre("deploy: version 1 is deployed: 2 to start",
                          AllOf(StartsWith("health: version 1 does not become healthy: "),
                                HasSubstr("it is tried on"))));
  behaviour["orders"].healthy = true;
  run(4s);
  EXPECT_EQ(rollout("orders").result, RolloutResult::done);
  EXPECT_TRUE(service("orders").versions[0].good);
  EXPECT_THAT(feed_of("orders").back(), StartsWith("done: version 1 runs after all"));
}

TEST_F(RolloutTest, a_return_that_fails_too_is_not_returned_again) {
  orders(2);
  deploy(spec("orders", 2, "v2"));
  run(4s);  // one of two is replaced
  behaviour["orders"].healthy = false;
  behaviour["orders@2"].healthy = false;
  run(5min);
  ASSERT_EQ(service("orders").rollouts.size(), 3u);
  EXPECT_EQ(rollout("orders").result, RolloutResult::failed);
  EXPECT_EQ(service("orders").target, 1u);
}

TEST_F(RolloutTest, going_back_to_a_version_that_fails_returns_to_the_one_before) {
  orders(1);
  deploy(spec("orders", 1, "v2"));
  ASSERT_TRUE(run_until_done("orders"));
  behaviour["orders@1"].healthy = false;
  ASSERT_TRUE(roll_back(service("orders"), 0, now).ok());
  run(70s);
  EXPECT_EQ(service("orders").target, 2u);
  EXPECT_THAT(feed_of("orders"), Contains("rollback: goes back to version 1"));
}

TEST_F(RolloutTest, a_deploy_during_a_rollout_takes_its_place) {
  orders(2);
  watch("orders");
  deploy(spec("orders", 2, "v2"));
  run(3500ms);
  deploy(spec("orders", 2, "v3"));
  ASSERT_TRUE(run_until_done("orders"));
  EXPECT_EQ(service("orders").rollouts[1].result, RolloutResult::returned);
  EXPECT_EQ(service("orders").rollouts[1].why, "version 3 was deployed meanwhile");
  EXPECT_EQ(least_healthy, 2u);
  run(3s);
  EXPECT_EQ(count("orders", [](const Assignment& a, auto) { return a.version == 3; }), 2u);
  EXPECT_EQ(there("orders"), 2u);
}

TEST_F(RolloutTest, a_broken_deploy_during_a_rollout_returns_to_what_was_good) {
  orders(2);
  deploy(spec("orders", 2, "v2"));
  run(500ms);
  deploy(spec("orders", 2, "v3"));
  behaviour["orders@3"].healthy = false;
  run(65s);
  EXPECT_EQ(service("orders").target, 1u) << "version 2 was never good";
}

TEST_F(RolloutTest, a_broken_deploy_right_after_the_first_one_returns_to_it) {
  deploy(spec("orders", 2));
  run(100ms);
  deploy(spec("orders", 2, "v2"));
  behaviour["orders@2"].healthy = false;
  run(70s);
  EXPECT_EQ(service("orders").target, 1u);
  EXPECT_EQ(rollout("orders").result, RolloutResult::done);
  EXPECT_TRUE(service("orders").versions[0].good);
  EXPECT_EQ(there("orders"), 2u);
}

TEST_F(RolloutTest, a_failed_deploy_returns_once_what_ran_before_is_up) {
  behaviour["orders@1"].healthy = false;
  deploy(spec("orders", 2));
  run(100ms);
  deploy(spec("orders", 2, "v2"));
  behaviour["orders@2"].healthy = false;
  run(70s);
  ASSERT_EQ(rollout("orders").result, RolloutResult::failed);
  EXPECT_EQ(there("orders"), 3u) << "a new one is tried beside the old ones";
  behaviour["orders@1"].healthy = true;
  run(10s);
  EXPECT_EQ(service("orders").target, 1u);
  EXPECT_EQ(rollout("orders").result, RolloutResult::done);
  EXPECT_EQ(there("orders"), 2u);
  EXPECT_EQ(healthy("orders"), 2u);
}

TEST_F(RolloutTest, failed_deploys_in_quick_succession_return_to_what_still_runs) {
  deploy(spec("orders", 2));
  run(100ms);
  behaviour["orders@2"].healthy = behaviour["orders@3"].healthy = false;
  deploy(spec("orders", 3, "v2"));
  run(100ms);
  deploy(spec("orders", 3, "v3"));
  run(90s);
  EXPECT_EQ(service("orders").target, 1u);
  EXPECT_EQ(healthy("orders"), 3u);
}

TEST_F(RolloutTest, unhealthy_old_instances_are_replaced_first) {
  orders(3);
  state.instances["orders"][2].state = InstanceState::failed;
  deploy(spec("orders", 3, "v2"));
  ASSERT_TRUE(run_until([&] { return !numbers("orders").contains(2); }));
  EXPECT_TRUE(numbers("orders").contains(1));
  EXPECT_TRUE(numbers("orders").contains(3));
}

TEST_F(RolloutTest, a_restart_replaces_each_instance_by_generation) {
  orders(2);
  watch("orders");
  ASSERT_TRUE(restart(service("orders"), now).ok());
  ASSERT_TRUE(run_until_done("orders"));
  run(3s);
  EXPECT_EQ(count("orders", [](const Assignment& a, auto) { return a.generation == 1; }), 2u);
  EXPECT_EQ(there("orders"), 2u);
  EXPECT_EQ(least_healthy, 2u);
  EXPECT_EQ(feed_of("orders")[0], "restart: is restarted: 2 to replace");
}

TEST_F(RolloutTest, a_restart_that_fails_leaves_the_old_instances) {
  orders(2);
  behaviour["orders"] = {};
  ASSERT_TRUE(restart(service("orders"), now).ok());
  behaviour["orders"].healthy = false;
  decide();
  run(1s);
  for (std::uint32_t n : {1u, 2u}) state.instances["orders"][n].state = InstanceState::healthy;
  run(65s);
  EXPECT_EQ(rollout("orders").result, RolloutResult::failed);
  EXPECT_TRUE(numbers("orders").contains(1));
  EXPECT_TRUE(numbers("orders").contains(2));
}

TEST_F(RolloutTest, an_instance_that_fails_after_its_rollout_triggers_nothing) {
  orders(2);
  behaviour["orders"].lives = 1s;
  for (int i = 0; i < 300; ++i) {
    run(100ms);
    EXPECT_THAT(numbers("orders"), ElementsAre(1, 2));
  }
  EXPECT_EQ(service("orders").rollouts.size(), 1u);
  EXPECT_THAT(feed, IsEmpty());
}

TEST_F(RolloutTest, a_rollout_for_which_there_is_no_room_returns) {
  state.hosts.clear();
  add_host("a", 0, 256 << 20);
  ServiceSpec one = spec("one");
  one.memory_bytes = 200 << 20;
  deploy(one);
  ASSERT_TRUE(run_until_done("one"));
  ServiceSpec next = one;
  next.run = "v2";
  deploy(next);
  decide();
  EXPECT_THAT(last.waits["one"], StartsWith("no host fits: a has 56 MiB"));
  run(65s);
  EXPECT_EQ(service("one").target, 1u) << "its only healthy instance is not stopped for it";
  EXPECT_EQ(healthy("one"), 1u);
}

TEST_F(RolloutTest, without_room_beside_the_old_ones_they_go_one_by_one) {
  state.hosts.clear();
  add_host("a", 0, 600 << 20);
  ServiceSpec one = spec("one", 3);
  one.memory_bytes = 200 << 20;
  deploy(one);
  ASSERT_TRUE(run_until_done("one"));
  watch("one");
  ServiceSpec next = one;
  next.run = "v2";
  deploy(next);
  ASSERT_TRUE(run_until_done("one"));
  EXPECT_EQ(service("one").target, 2u);
  EXPECT_EQ(least_healthy, 2u);
  EXPECT_LE(most_there, 3u);
}

TEST_F(RolloutTest, an_image_may_take_longer_than_the_deadline_to_prepare) {
  ServiceSpec stock = spec("stock");
  stock.source = ServiceSpec::Source::build;
  add_host("docker", 0, 0, true);
  behaviour["stock"].prepare = 5min;
  deploy(stock);
  run(4min);
  EXPECT_EQ(rollout("stock").result, RolloutResult::running);
  ASSERT_TRUE(run_until_done("stock"));
  EXPECT_THAT(by_host("stock"), ElementsAre(Pair("docker", 1)));
  ServiceSpec next = stock;
  next.run = "other";
  deploy(next);
  behaviour["stock@2"].prepare = 1h;
  run(11min);
  EXPECT_EQ(service("stock").target, 1u);
  EXPECT_THAT(service("stock").rollouts[1].why,
              HasSubstr("was pending and not healthy within 10 min"));
}

}  // namespace
}  // namespace berth::placement
