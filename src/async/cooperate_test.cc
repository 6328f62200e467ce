#include "async/cooperate.h"

#include <gtest/gtest.h>

#include "async/manual_clock.h"

namespace berth {
namespace {

struct CooperateTest : ::testing::Test {
  ManualClock clock;
  int steps = 0;

  /// Each step takes 3 ms: four of them use up a slice.
  Deferred<void> count_to(int last) {
    return cooperate(clock, [this, last] {
      clock.take_time(3ms);
      return ++steps < last;
    });
  }
};

TEST_F(CooperateTest, steps_fill_a_slice_and_then_wait_for_the_next_turn) {
  Deferred<void> work = count_to(10);
  EXPECT_EQ(steps, 4);
  clock.advance(0s);
  EXPECT_EQ(steps, 8);
  EXPECT_TRUE(work.pending());
  clock.advance(0s);
  EXPECT_EQ(steps, 10);
  EXPECT_TRUE(work.take().ok());
}

TEST_F(CooperateTest, two_works_have_turns_by_turns) {
  Deferred<void> first = count_to(100);
  Deferred<void> second = count_to(100);
  EXPECT_EQ(steps, 8);
  clock.advance(0s);
  EXPECT_EQ(steps, 16);
}

TEST_F(CooperateTest, work_that_is_cancelled_or_dropped_goes_at_its_next_turn) {
  for (bool drop : {false, true}) {
    Deferred<void> work = count_to(1000);
    int before = steps;
    drop ? work.reset() : work.cancel();
    clock.advance(0s);
    EXPECT_EQ(steps, before);
    if (drop) continue;
    EXPECT_TRUE(work.take().error().is(Code::cancelled));
  }
}

TEST_F(CooperateTest, an_error_of_a_step_ends_it) {
  Deferred<void> work = cooperate(clock, [&]() -> Result<bool> {
    if (++steps == 3) return Error(Code::invalid, "the third");
    return true;
  });
  EXPECT_EQ(work.take().error().text(), "the third");
}

TEST_F(CooperateTest, a_step_may_answer_later) {
  Promise<bool> promise;
  Deferred<void> work = cooperate(clock, [&] { return promise.deferred(); });
  clock.advance(1s);
  EXPECT_TRUE(work.pending());
  promise.callback(false);
  clock.advance(0s);
  EXPECT_TRUE(work.take().ok());
}

}  // namespace
}  // namespace berth
