#include "async/timer_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "async/manual_clock.h"

namespace berth {
namespace {

struct Noting final : Timer {
  explicit Noting(std::vector<int>& fired, int id) : fired_(fired), id_(id) {}
  void fire() override { fired_.push_back(id_); }
  std::vector<int>& fired_;
  int id_;
};

TEST(TimerQueue, fires_in_order_of_time_whatever_was_armed_moved_or_destroyed) {
  std::mt19937 random(7);
  TimerQueue queue;
  std::vector<int> fired;
  std::vector<std::unique_ptr<Noting>> timers;
  for (int i = 0; i < 1000; ++i) {
    timers.push_back(std::make_unique<Noting>(fired, i));
    queue.arm(*timers.back(), MonotonicTime{static_cast<std::int64_t>(random() % 5000)});
  }
  for (int i = 0; i < 1000; i += 3) timers[i].reset();
  for (int i = 1; i < 1000; i += 3) queue.arm(*timers[i], MonotonicTime{10000 + i});
  queue.fire_due(MonotonicTime{9999});
  EXPECT_EQ(fired.size(), 333u);
  queue.fire_due(MonotonicTime{20000});
  ASSERT_EQ(fired.size(), 666u);
  for (std::size_t i = 334; i < 666; ++i) EXPECT_LT(fired[i - 1], fired[i]);
  EXPECT_TRUE(queue.empty());
}

TEST(Clock, timeout_cancels_the_work_and_says_timed_out) {
  ManualClock clock;
  Promise<int> promise;
  Deferred<int> limited = with_timeout(clock, 5s, promise.deferred());
  clock.advance(4s);
  EXPECT_TRUE(limited.pending());
  clock.advance(1s);
  EXPECT_TRUE(limited.take().error().is(Code::timed_out));
  EXPECT_FALSE(promise.wanted());
}

TEST(Clock, sleep_resolves_when_its_time_has_come_and_disarms_when_dropped) {
  ManualClock clock;
  Deferred<void> sleep = clock.after(1s);
  {
    Deferred<void> dropped = clock.after(1s);
  }
  EXPECT_EQ(clock.timers().size(), 1u);
  clock.advance(1s);
  EXPECT_TRUE(sleep.take().ok());
}

}  // namespace
}  // namespace berth
