#include "async/looping_call.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "async/manual_clock.h"
#include "sim/simulation.h"

namespace berth {
namespace {

std::vector<std::string> reports;
struct LoopingCallTest : ::testing::Test {
  LoopingCallTest() {
    reports.clear();
    set_unhandled_error_sink([](const Error& error) { reports.push_back(error.text()); });
  }
  ~LoopingCallTest() override { set_unhandled_error_sink(nullptr); }

  double seconds() const { return static_cast<double>(clock.now().nanoseconds) / 1e9; }
  void advance(Duration by, int times) {
    for (int i = 0; i < times; ++i) clock.advance(by);
  }

  ManualClock clock;
  std::vector<double> calls;
  std::vector<std::uint64_t> counts;
};

TEST_F(LoopingCallTest, calls_at_once_and_then_at_each_interval) {
  LoopingCall loop(clock, [&] { calls.push_back(seconds()); });
  EXPECT_FALSE(loop.running());
  Deferred<void> running = loop.start(1s);
  EXPECT_EQ(calls, std::vector<double>{0});
  EXPECT_TRUE(loop.running());
  advance(500ms, 5);
  EXPECT_EQ(calls, (std::vector<double>{0, 1, 2}));
  EXPECT_TRUE(running.pending());
}

TEST_F(LoopingCallTest, calls_after_the_first_interval_if_told_so) {
  LoopingCall loop(clock, [&](std::uint64_t count) {
    calls.push_back(seconds());
    counts.push_back(count);
  });
  Deferred<void> running = loop.start(1s, LoopingCall::First::after_interval);
  EXPECT_TRUE(calls.empty());
  advance(1s, 2);
  EXPECT_EQ(calls, (std::vector<double>{1, 2}));
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 1}));
}

TEST_F(LoopingCallTest, a_late_call_does_not_shift_those_after_it) {
  LoopingCall loop(clock, [&] { calls.push_back(seconds()); });
  Deferred<void> running = loop.start(1s);
  clock.advance(1250ms);
  clock.advance(750ms);
  EXPECT_EQ(calls, (std::vector<double>{0, 1.25, 2}));
}

TEST_F(LoopingCallTest, what_was_missed_is_skipped_and_counted) {
  LoopingCall loop(clock, [&](std::uint64_t count) {
    calls.push_back(seconds());
    counts.push_back(count);
  });
  Deferred<void> running = loop.start(1s);
  clock.advance(3500ms);
  clock.advance(500ms);
  EXPECT_EQ(calls, (std::vector<double>{0, 3.5, 4}));
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 3, 1}));
}

TEST_F(LoopingCallTest, calls_never_overlap_and_one_that_lasts_skips_intervals) {
  std::vector<Promise<void>> under_way;
  LoopingCall loop(clock, [&](std::uint64_t count) {
    counts.push_back(count);
    under_way.emplace_back();
    return under_way.back().deferred();
  });
  Deferred<void> running = loop.start(1s);
  advance(500ms, 5);
  EXPECT_EQ(under_way.size(), 1u);
  under_way[0].callback();
  clock.advance(0s);
  EXPECT_EQ(under_way.size(), 1u);  // 2.5: in the midst of an interval
  clock.advance(500ms);
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 3}));
}

TEST_F(LoopingCallTest, a_call_that_takes_long_within_its_turn_skips_intervals_too) {
  LoopingCall loop(clock, [&](std::uint64_t count) {
    calls.push_back(seconds());
    counts.push_back(count);
    if (calls.size() == 1) clock.take_time(2500ms);
  });
  Deferred<void> running = loop.start(1s);
  clock.advance(0s);
  EXPECT_EQ(calls, std::vector<double>{0});
  clock.advance(500ms);
  EXPECT_EQ(calls, (std::vector<double>{0, 3}));
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 3}));
}

TEST_F(LoopingCallTest, interval_zero_calls_once_a_turn) {
  LoopingCall loop(clock, [&](std::uint64_t count) { counts.push_back(count); });
  Deferred<void> running = loop.start(0s);
  advance(0s, 3);
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 1, 1, 1}));
}

TEST_F(LoopingCallTest, stop_between_calls_resolves_and_disarms) {
  LoopingCall loop(clock, [&] { calls.push_back(seconds()); });
  Deferred<void> running = loop.start(1s);
  loop.stop();
  loop.stop();
  EXPECT_EQ(clock.timers().size(), 0u);
  clock.advance(0s);
  EXPECT_TRUE(running.take().ok());
  EXPECT_FALSE(loop.running());
  clock.advance(5s);
  EXPECT_EQ(calls.size(), 1u);
}

TEST_F(LoopingCallTest, stop_from_within_a_call_and_a_new_start_afterwards) {
  LoopingCall* self = nullptr;
  LoopingCall loop(clock, [&] {
    calls.push_back(seconds());
    if (calls.size() % 3 == 0) self->stop();
  });
  self = &loop;
  Deferred<void> running = loop.start(1s);
  advance(1s, 5);
  EXPECT_EQ(calls.size(), 3u);
  EXPECT_TRUE(running.take().ok());
  running = loop.start(1s);
  advance(1s, 5);
  EXPECT_EQ(calls, (std::vector<double>{0, 1, 2, 5, 6, 7}));
  EXPECT_TRUE(running.take().ok());
}

TEST_F(LoopingCallTest, stop_waits_for_the_call_that_is_under_way) {
  Promise<void> under_way;
  LoopingCall loop(clock, [&] { return under_way.deferred(); });
  Deferred<void> running = loop.start(1s);
  loop.stop();
  clock.advance(5s);
  EXPECT_TRUE(running.pending());
  under_way.callback();
  clock.advance(0s);
  EXPECT_TRUE(running.take().ok());
}

TEST_F(LoopingCallTest, an_error_ends_it_and_is_told) {
  LoopingCall loop(clock, [&]() -> Result<void> {
    calls.push_back(seconds());
    if (calls.size() == 2) return Error(Code::io, "the second");
    return {};
  });
  Deferred<void> running = loop.start(1s);
  advance(1s, 5);
  EXPECT_EQ(calls.size(), 2u);
  EXPECT_FALSE(loop.running());
  EXPECT_EQ(running.take().error().text(), "the second");

  LoopingCall lost(clock, [] { return failed<void>(Error(Code::io, "unheard")); });
  lost.start(1s).reset();
  EXPECT_EQ(reports, std::vector<std::string>{"unheard"});
}

TEST_F(LoopingCallTest, cancel_and_drop_end_it_between_calls_and_within_one) {
  for (bool drop : {false, true}) {
    Promise<void> under_way;
    LoopingCall between(clock, [&] { calls.push_back(seconds()); });
    LoopingCall within(clock, [&] { return under_way.deferred(); });
    Deferred<void> first = between.start(1s);
    Deferred<void> second = within.start(1s);
    if (drop) {
      first.reset();
      second.reset();
    } else {
      first.cancel();
      second.cancel();
    }
    clock.advance(0s);
    EXPECT_FALSE(between.running() || within.running());
    EXPECT_FALSE(under_way.wanted());
    EXPECT_EQ(clock.timers().size(), 0u);
    if (drop) continue;
    EXPECT_TRUE(first.take().error().is(Code::cancelled));
    EXPECT_TRUE(second.take().error().is(Code::cancelled));
  }
}

TEST_F(LoopingCallTest, it_may_go_while_it_runs) {
  auto loop = std::make_unique<LoopingCall>(clock, [&] { calls.push_back(seconds()); });
  Deferred<void> running = loop->start(1s);
  loop.reset();
  clock.advance(1s);
  EXPECT_EQ(calls.size(), 2u);
}

TEST_F(LoopingCallTest, runs_in_the_simulation) {
  sim::Simulation simulation(1);
  auto& host = simulation.add_host("one");
  LoopingCall loop(host.clock, [&](std::uint64_t count) { counts.push_back(count); });
  Deferred<void> running = loop.start(100ms);
  simulation.run_for(10050ms);
  std::uint64_t all = 0;
  for (auto count : counts) all += count;
  EXPECT_EQ(all, 101u);
  loop.stop();
  simulation.run_for(1s);
  EXPECT_TRUE(running.take().ok());
}

}  // namespace
}  // namespace berth
