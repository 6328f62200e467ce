#include <gtest/gtest.h>

#include "sim/balance_world.h"

namespace berth::sim {
namespace {

template <bool drains_lie = false>
void play(Trial& trial) {
  BalanceWorld world(trial, drains_lie);
  world.play();
}

TEST(Balance, every_request_ends_once_while_instances_fail_come_and_go) {
  expect_holds(play<>, 25);
}

TEST(Balance, a_planted_early_drain_is_found) {
  expect_found(play<true>, 100, "after its drain was acknowledged");
}

}  // namespace
}  // namespace berth::sim
