#pragma once

#include <algorithm>
#include <vector>

#include "async/gather.h"
#include "async/world_suite.h"

namespace berth {

/// What clock.h promises.
class ClockSuite : public WorldSuite {
 protected:
  Clock& clock = world.clock;

  Deferred<void> note_after(Duration wait, int id, std::vector<int>& order) {
    MonotonicTime due = clock.now() + wait;
    co_await clock.after(wait);
    EXPECT_GE(clock.now(), due);
    order.push_back(id);
  }
  Deferred<MonotonicTime> now_after(Duration wait) {
    co_await clock.after(wait);
    co_return clock.now();
  }
};

TEST_P(ClockSuite, time_goes_forward_and_the_wall_with_it) {
  MonotonicTime exact = clock.exact_now();
  MonotonicTime before = clock.now();
  WallTime wall = clock.wall();
  EXPECT_LE(before, exact);
  suite->run_for(5ms);
  EXPECT_GE(clock.now() - before, Duration(5ms));
  EXPECT_GE(clock.exact_now(), clock.now());
  EXPECT_GT(clock.wall(), wall);
  EXPECT_GT(wall.nanoseconds, 1'600'000'000'000'000'000);  // after 2020
}

TEST_P(ClockSuite, sleeps_end_in_the_order_of_their_times_and_never_early) {
  std::vector<int> order;
  std::vector<Deferred<void>> sleeps;
  for (int i = 0; i < 20; ++i) {
    int id = i * 7 % 20;
    sleeps.push_back(note_after(id * 3ms, id, order));
  }
  run(Deferred<void>(gather_results(std::move(sleeps)))).value();
  ASSERT_EQ(order.size(), 20u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(ClockSuite, a_time_that_is_over_resolves_in_a_later_turn) {
  Deferred<void> past = clock.until(clock.now() - 5s);
  Deferred<void> none = clock.after(0s);
  EXPECT_TRUE(past.pending());
  EXPECT_TRUE(none.pending());
  run(std::move(past)).value();
  run(std::move(none)).value();
}

TEST_P(ClockSuite, many_timers_end_each_once) {
  std::vector<Deferred<MonotonicTime>> sleeps;
  MonotonicTime begin = clock.now();
  std::vector<Duration> waits;
  for (int i = 0; i < 5000; ++i) {
    waits.push_back(Duration(static_cast<std::int64_t>(world.random.below(50'000'000))));
    sleeps.push_back(now_after(waits.back()));
  }
  // A third is dropped, a third cancelled.
  for (std::size_t i = 0; i < sleeps.size(); i += 3) sleeps[i].reset();
  for (std::size_t i = 1; i < sleeps.size(); i += 3) sleeps[i].cancel();
  for (std::size_t i = 1; i < sleeps.size(); i += 3) {
    EXPECT_TRUE(run(std::move(sleeps[i])).error().is(Code::cancelled));
  }
  for (std::size_t i = 2; i < sleeps.size(); i += 3) {
    EXPECT_GE(run(std::move(sleeps[i])).value() - begin, waits[i]);
  }
  EXPECT_TRUE(clock.timers().empty());
}

TEST_P(ClockSuite, work_that_is_in_time_keeps_its_result) {
  auto work = clock.after(1ms).then([] { return 5; });
  EXPECT_EQ(run(with_timeout(clock, 10s, Deferred<int>(std::move(work)))).value(), 5);
  auto failing = with_timeout(clock, 10s, failed<int>(Error(Code::io, "no")));
  EXPECT_EQ(run(std::move(failing)).error().message(), "no");
  EXPECT_TRUE(clock.timers().empty());
}

TEST_P(ClockSuite, work_that_is_late_is_cancelled_and_timed_out) {
  Promise<int> promise;
  bool asked = false;
  promise.on_cancel([&] { asked = true; });
  auto limited = with_timeout(clock, 3ms, promise.deferred());
  EXPECT_TRUE(run(std::move(limited)).error().is(Code::timed_out));
  EXPECT_TRUE(asked);
}

TEST_P(ClockSuite, the_inner_of_two_limits_ends_first) {
  Promise<int> promise;
  MonotonicTime begin = clock.now();
  auto both = with_timeout(clock, 10s, with_timeout(clock, 2ms, promise.deferred()));
  EXPECT_TRUE(run(std::move(both)).error().is(Code::timed_out));
  EXPECT_LT(clock.now() - begin, Duration(5s));
  Promise<int> other;
  auto outer = with_timeout(clock, 2ms, with_timeout(clock, 10s, other.deferred()));
  EXPECT_TRUE(run(std::move(outer)).error().is(Code::timed_out));
  EXPECT_TRUE(clock.timers().empty());
}

TEST_P(ClockSuite, a_limited_work_may_be_cancelled_and_dropped) {
  Promise<int> a, b;
  auto cancelled = with_timeout(clock, 10s, a.deferred());
  auto dropped = with_timeout(clock, 10s, b.deferred());
  cancelled.cancel();
  dropped.reset();
  EXPECT_FALSE(a.wanted() || b.wanted());
  EXPECT_TRUE(run(std::move(cancelled)).error().is(Code::cancelled));
  EXPECT_TRUE(clock.timers().empty());
}

TEST_P(ClockSuite, a_result_that_came_with_the_limit_is_kept) {
  Promise<int> promise;
  auto limited = with_timeout(clock, 3ms, promise.deferred());
  auto firing = clock.after(3ms).then([&] { promise.callback(1); });
  Deferred<void> fired = std::move(firing);
  auto result = run(std::move(limited));
  run(std::move(fired)).value();
  EXPECT_TRUE(result.ok() || result.error().is(Code::timed_out));

  Promise<int> early;
  auto kept = with_timeout(clock, 1ms, early.deferred());
  early.callback(2);
  EXPECT_EQ(run(std::move(kept)).value(), 2);
}

TEST_P(ClockSuite, work_that_takes_its_time_to_stop_is_waited_for) {
  struct Slow {
    static Deferred<int> work(Deferred<void> gate, bool& ended) {
      auto result = co_await std::move(gate).result();
      ended = true;
      if (!result.ok()) co_return std::move(result).error();
      co_return 1;
    }
  };
  Promise<void> gate;
  bool ended = false;
  auto limited = with_timeout(clock, 2ms, Slow::work(gate.deferred(), ended));
  EXPECT_TRUE(run(std::move(limited)).error().is(Code::timed_out));
  EXPECT_TRUE(ended);
}

}  // namespace berth
