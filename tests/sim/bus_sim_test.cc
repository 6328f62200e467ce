#include <gtest/gtest.h>

#include "sim/bus_world.h"

namespace berth::sim {
namespace {

template <BusPlants plants>
void play(Trial& trial) {
  BusWorld world(trial, plants);
  world.play();
}

TEST(Bus, what_was_acknowledged_is_delivered_or_a_dead_letter) {
  expect_holds(play<BusPlants{}>, 200);
}

TEST(Bus, a_planted_missed_sync_of_messages_is_found) {
  expect_found(play<BusPlants{.log_sync_lies = true}>, 200, "");
}

TEST(Bus, a_planted_loss_of_acknowledgements_is_found) {
  expect_found(play<BusPlants{.state_sync_lies = true}>, 200, "");
}

TEST(Bus, a_planted_acknowledgement_that_nobody_gave_is_found) {
  expect_found(play<BusPlants{.answers_lie = true}>, 200, "neither taken");
}

}  // namespace
}  // namespace berth::sim
