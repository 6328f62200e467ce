#include <gtest/gtest.h>

#include "sim/cluster_world.h"

namespace berth::sim {
namespace {

template <Weather weather, bool drains_lie = false>
void play(Trial& trial) {
  ClusterWorld world(trial, weather, drains_lie);
  world.play();
}

TEST(Cluster, every_request_is_answered_while_versions_and_numbers_change) {
  expect_holds(play<Weather::changes>, 40);
}

TEST(Cluster, every_get_is_answered_while_instances_agents_and_the_server_are_killed) {
  expect_holds(play<Weather::kills>, 40);
}

TEST(Cluster, what_runs_becomes_what_is_wanted_after_storms) {
  expect_holds(play<Weather::storms>, 200);
}

TEST(Cluster, a_planted_early_drain_is_found) {
  expect_found(play<Weather::changes, true>, 200, "after its drain was acknowledged");
}

}  // namespace
}  // namespace berth::sim
