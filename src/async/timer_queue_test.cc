#include "async/timer_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
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

/// At what time each fired; each may arm others when it fires.
struct Due final : Timer {
  explicit Due(std::vector<std::int64_t>& fired) : fired_(fired) {}
  void fire() override { fired_.push_back(due); }
  std::vector<std::int64_t>& fired_;
  std::int64_t due = 0;
};

TEST(TimerQueue, near_and_far_timers_fire_at_their_time_as_a_sorted_map_has_it) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    TimerQueue queue;
    std::int64_t now = static_cast<std::int64_t>(random() % 1'000'000'000'000);
    std::vector<std::int64_t> fired;
    std::vector<std::unique_ptr<Due>> timers;
    for (int i = 0; i < 400; ++i) timers.push_back(std::make_unique<Due>(fired));
    queue.fire_due(MonotonicTime{now});
    auto wait = [&] {  // from nanoseconds to days, also the same for many
      std::int64_t most = std::int64_t{1} << (10 + random() % 38);
      return random() % 5 == 0 ? most : static_cast<std::int64_t>(random() % most);
    };
    for (int round = 0; round < 2000; ++round) {
      Due& timer = *timers[random() % timers.size()];
      if (random() % 3 == 0) {
        timer.disarm();
      } else {
        timer.due = now + wait();
        queue.arm(timer, MonotonicTime{timer.due});
      }
      if (random() % 8 != 0) continue;
      std::vector<std::int64_t> armed;
      for (auto& each : timers) {
        if (each->armed()) armed.push_back(each->due);
      }
      std::ranges::sort(armed);
      ASSERT_EQ(queue.size(), armed.size());
      if (armed.empty()) continue;
      ASSERT_EQ(queue.next().nanoseconds, armed.front()) << "seed " << seed;
      now = random() % 2 ? armed.front() : now + wait();
      fired.clear();
      queue.fire_due(MonotonicTime{now});
      std::erase_if(armed, [&](std::int64_t due) { return due > now; });
      ASSERT_EQ(fired, armed) << "seed " << seed;
    }
    auto rest = queue.size();
    ASSERT_EQ(queue.fire_due(MonotonicTime{INT64_MAX}), rest);
  }
}

TEST(TimerQueue, deadlines_that_are_set_and_disarmed_again_and_again_leave_no_holes_behind) {
  TimerQueue queue;
  std::vector<int> fired;
  std::vector<std::unique_ptr<Noting>> timers;
  for (int i = 0; i < 100; ++i) timers.push_back(std::make_unique<Noting>(fired, i));
  auto due = [](int i) { return MonotonicTime{60'000'000'000 + i}; };
  for (int i = 0; i < 100; ++i) queue.arm(*timers[i], due(i));
  for (int i = 0; i < 1'000'000; ++i) queue.arm(*timers[i % 100], due(i % 100));
  EXPECT_EQ(queue.size(), 100u);
  EXPECT_LT(queue.bytes(), 64'000u);
  EXPECT_EQ(queue.fire_due(due(100)), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(fired[i], i);
}

TEST(TimerQueue, timers_outlive_their_queue) {
  std::vector<int> fired;
  Noting near(fired, 1), far(fired, 2);
  {
    TimerQueue queue;
    queue.arm(near, MonotonicTime{1});
    queue.arm(far, MonotonicTime{60'000'000'000});
  }
  EXPECT_FALSE(near.armed());
  EXPECT_FALSE(far.armed());
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
