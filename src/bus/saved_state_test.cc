#include "bus/saved_state.h"

#include <gtest/gtest.h>

namespace berth::bus {
namespace {

SavedState some_state() {
  SavedState state;
  state.generation = 12;
  state.next_sequence = 1000;
  state.topics = {{"order.created", 900, {{"mail", "/events", 950, 800, 7, {{940, 2, {5}}}}}},
                  {"quiet", 0, {{"stock", "/s", 1000, 0, 0, {}}}}};
  return state;
}

TEST(SavedState, is_read_back_also_with_an_older_longer_one_behind_it) {
  SavedState state = some_state();
  EXPECT_EQ(SavedState::decode(state.encode() + std::string(100, 'z')).value(), state);
}

TEST(SavedState, low_water_is_the_first_message_that_somebody_needs) {
  SavedState state = some_state();
  EXPECT_EQ(state.low_water(), 940u);
  state.topics[0].subscriptions[0].open.clear();
  EXPECT_EQ(state.low_water(), 950u);
  state.topics.clear();
  EXPECT_EQ(state.low_water(), 1000u);
}

TEST(SavedState, no_changed_byte_and_no_cut_is_accepted) {
  std::string text = some_state().encode();
  for (std::size_t i = 0; i < text.size(); i++) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_FALSE(SavedState::decode(changed).ok()) << i;
    EXPECT_FALSE(SavedState::decode(text.substr(0, i)).ok()) << i;
  }
}

}  // namespace
}  // namespace berth::bus
