#include "bus/state_keeper.h"

#include <fstream>

#include "bus/bus_suite.h"

namespace berth::bus {
namespace {

struct StateKeeperTest : ::testing::Test {
  RealWorld real;
  TemporaryFolder folder;
  std::uint64_t value = 1;  // what the state is about here
  int told = 0;
  std::unique_ptr<StateKeeper> keeper;

  std::optional<SavedState> open(Duration interval = 20ms) {
    keeper = std::make_unique<StateKeeper>(
        real.world, Log(), folder.path, interval,
        [this] {
          SavedState state;
          state.next_sequence = value;
          return state;
        },
        [this](const SavedState&) {
          told++;
          return ready();
        });
    auto state = real.run(keeper->open());
    EXPECT_TRUE(state.ok());
    keeper->start();
    return state.ok() ? std::move(*state) : std::nullopt;
  }
  void spoil(const std::string& name) {
    std::fstream file(folder.path + "/" + name, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(20);
    file << "spoiled" << std::flush;
  }
};

TEST_F(StateKeeperTest, what_was_durable_is_there_after_a_restart) {
  EXPECT_FALSE(open());
  for (value = 1; value <= 5; value++) {
    ASSERT_TRUE(real.run(keeper->durable()).ok());
    auto state = open();
    ASSERT_TRUE(state);
    EXPECT_EQ(state->next_sequence, value);
  }
}

TEST_F(StateKeeperTest, a_torn_slot_leaves_the_one_before) {
  open();
  value = 7;
  ASSERT_TRUE(real.run(keeper->durable()).ok());
  value = 8;
  ASSERT_TRUE(real.run(keeper->durable()).ok());
  spoil("state.1");
  auto state = open();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->next_sequence, 7u);
  keeper.reset();
  spoil("state.0");
  keeper = std::make_unique<StateKeeper>(
      real.world, Log(), folder.path, 1s, [] { return SavedState(); },
      [](const SavedState&) { return ready(); });
  auto opened = real.run(keeper->open());
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(opened.error().is(Code::io));
}

TEST_F(StateKeeperTest, touches_share_a_write) {
  open(100ms);
  int writes = real.watched.writes;
  for (int i = 0; i < 50; i++) {
    keeper->touch();
    real.reactor.turn(0s);
  }
  real.until([&] { return told == 1; });
  EXPECT_EQ(real.watched.writes - writes, 1);
}

TEST_F(StateKeeperTest, a_failed_write_is_told_and_tried_again_in_the_same_slot) {
  open();
  value = 3;
  ASSERT_TRUE(real.run(keeper->durable()).ok());
  real.watched.fail_syncs = 1;
  value = 4;
  EXPECT_FALSE(real.run(keeper->durable()).ok());
  std::uint64_t written = keeper->written_generation();
  real.until([&] { return keeper->written_generation() > written; });
  EXPECT_EQ(open()->next_sequence, 4u);
}

}  // namespace
}  // namespace berth::bus
