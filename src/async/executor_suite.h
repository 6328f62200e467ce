#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "async/world_suite.h"

namespace berth {

/// What executor.h promises.
class ExecutorSuite : public WorldSuite {};

TEST_P(ExecutorSuite, posted_tasks_run_later_in_their_order) {
  std::vector<int> order;
  Executor& here = Executor::current();
  for (int i = 0; i < 100; ++i) here.post([&order, i] { order.push_back(i); });
  EXPECT_TRUE(order.empty());
  EXPECT_TRUE(suite->until([&] { return order.size() == 100; }));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(ExecutorSuite, a_task_may_post_another_for_a_later_turn) {
  int ran = 0;
  Executor& here = Executor::current();
  here.post([&] {
    ++ran;
    here.post([&] { ++ran; });
    EXPECT_EQ(ran, 1);
  });
  EXPECT_TRUE(suite->until([&] { return ran == 2; }));
}

TEST_P(ExecutorSuite, work_brings_back_what_it_makes) {
  EXPECT_EQ(run(run_on(world.workers, [] { return 5; })).value(), 5);
  auto text = run_on(world.workers, []() -> Result<std::string> { return std::string("done"); });
  EXPECT_EQ(run(std::move(text)).value(), "done");
  auto error = run_on(world.workers, []() -> Result<int> { return Error(Code::io, "broken"); });
  EXPECT_EQ(run(std::move(error)).error().message(), "broken");
  std::atomic<bool> did = false;
  run(run_on(world.workers, [&] { did = true; })).value();
  EXPECT_TRUE(did);
  auto nothing = run_on(world.workers, []() -> Result<void> { return Error(Code::io, "no"); });
  EXPECT_EQ(run(std::move(nothing)).error().message(), "no");
}

TEST_P(ExecutorSuite, work_does_not_begin_within_the_call_of_its_reactor) {
  // On a thread of its own, or later on this one: never before run_on has returned its Deferred.
  auto work = run_on(world.workers, [] { return 1; });
  EXPECT_TRUE(work.pending());
  EXPECT_EQ(run(std::move(work)).value(), 1);
}

TEST_P(ExecutorSuite, work_beyond_what_may_wait_is_refused) {
  std::atomic<bool> go = false;
  std::atomic<int> ran = 0;
  std::vector<Deferred<void>> taken;
  Result<void> refused;
  for (int i = 0; i < 100'000 && refused.ok(); ++i) {
    auto work = run_on(world.workers, [&] {
      go.wait(false);
      ++ran;
    });
    if (work.pending()) {
      taken.push_back(std::move(work));
    } else {
      refused = work.take();
    }
  }
  go = true;
  go.notify_all();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::overloaded));
  for (auto& work : taken) run(std::move(work)).value();
  EXPECT_EQ(ran, static_cast<int>(taken.size()));
  EXPECT_EQ(run(run_on(world.workers, [] { return 1; })).value(), 1);  // there is room again
}

TEST_P(ExecutorSuite, cancelled_and_dropped_work_is_thrown_away) {
  for (int i = 0; i < 20; ++i) {
    auto cancelled = run_on(world.workers, [] { return std::string(1000, 'x'); });
    auto dropped = run_on(world.workers, [] { return std::string(1000, 'y'); });
    for (int turns = i % 3; turns > 0; --turns) suite->turn();
    cancelled.cancel();
    dropped.reset();
    auto result = run(std::move(cancelled));
    EXPECT_TRUE(result.ok() || result.error().is(Code::cancelled));
  }
  EXPECT_EQ(run(run_on(world.workers, [] { return 1; })).value(), 1);
}

}  // namespace berth
