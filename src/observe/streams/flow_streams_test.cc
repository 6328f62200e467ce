#include "observe/streams/streams_suite.h"
#include "observe/streams/tick_window.h"

// riemann streams_test.clj: throttle, rollup, batch, part-time-simple; by its names.

namespace berth::observe::streams {
namespace {

TEST(TickWindowTest, part_time_simple) {
  VirtualClock clock;
  StreamCore core(clock, Log());
  clock.advance_to({1'000'000'000});
  core.begin_turn();
  Vectors windows{{}};
  TickWindow window(core, 5s, [&] {
    windows.back().push_back(std::to_string(core.now().nanoseconds / 1'000'000'000));
    windows.emplace_back();
  });
  for (int t : {1, 2, 4, 5, 6, 8, 9, 99, 100, 101, 102}) {
    clock.advance_to({t * std::int64_t{1'000'000'000}});
    core.begin_turn();
    window.touch();
    windows.back().push_back("t" + std::to_string(t));
  }
  clock.advance_to({200'000'000'000});
  windows.pop_back();
  EXPECT_EQ(windows, (Vectors{{"t1", "t2", "t4", "t5", "6"},
                              {"t6", "t8", "t9", "11"},
                              {"t99", "t100", "101"},
                              {"t101", "t102", "106"}}));
}

TEST(ThrottleStream, n_events_a_window) {
  auto out =
      run_intervals([](Spec out) { return throttle(3, 2s, {out}); },
                    {"state=1", "state=2", "state=3", 1s, "state=4", 1s, "state=5", 1s,
                     "state=expired", "state=expired", "state=expired", 2s, "state=expired", 100s});
  EXPECT_EQ(out, events({"state=1", "state=2", "state=3", "state=5", "state=expired",
                         "state=expired", "state=expired"}));
}

TEST(ThrottleStream, vectors_count_as_one) {
  auto out =
      run_vector_intervals([](Spec out) { return fixed_event_window(2, {throttle(1, 2s, {out})}); },
                           {"state=1", "state=2", "state=3", "state=4", 2s, "state=5", "state=6"});
  EXPECT_EQ(out, vectors({{"state=1", "state=2"}, {"state=5", "state=6"}}));
}

Vectors rolled(std::size_t n, Duration dt, const Steps& steps) {
  return run_vector_intervals([&](Spec out) { return rollup(n, dt, {out}); }, steps);
}

TEST(RollupStream, single_output_an_interval) {
  EXPECT_EQ(rolled(1, 2s, {"x=a", "x=b", "x=c", 2s, "x=d", "x=e", "x=f", 2s}),
            vectors({{"x=a"}, {"x=b", "x=c"}, {"x=d", "x=e", "x=f"}}));
}

TEST(RollupStream, basic) {
  EXPECT_EQ(rolled(2, 1s, {"x=1", "x=2", "x=3", 1s, "x=4", "x=5", "x=6", "x=7", 1s, "x=foo", 10s}),
            vectors({{"x=1"}, {"x=2"}, {"x=3"}, {"x=4"}, {"x=5", "x=6", "x=7"}, {"x=foo"}}));
}

TEST(RollupStream, expired_events) {
  std::string gone = "state=expired";
  EXPECT_EQ(rolled(2, 3s, {"x=1", gone, "x=a", 1s, "x=b", 1s, "x=c", 1s}),
            vectors({{"x=1"}, {gone}, {"x=a", "x=b", "x=c"}}));
  EXPECT_EQ(rolled(2, 2s, {gone, gone, gone, 1s, gone, 1s}),
            vectors({{gone}, {gone}, {gone, gone}}));
}

Vectors batched(const Steps& steps) {
  return run_vector_intervals([](Spec out) { return batch(2, 3s, {out}); }, steps);
}

TEST(BatchStream, nothing_incomplete_and_overflowing) {
  EXPECT_EQ(batched({}), Vectors());
  EXPECT_EQ(batched({"x=a", 3s, "x=b", 1s, "x=c", 2s, "x=d", 3s}),
            vectors({{"x=a"}, {"x=b", "x=c"}, {"x=d"}}));
  EXPECT_EQ(batched({"x=a", 1s, "x=b", 1s, "x=c", 1s, "x=d", 1s, "x=e", 1s, "x=f", 1s}),
            vectors({{"x=a", "x=b"}, {"x=c"}, {"x=d", "x=e"}, {"x=f"}}));
}

TEST(AsyncQueueStream, hands_on_in_a_later_turn_and_fails_when_it_is_full) {
  Bench bench;
  bench.build([](Spec out) { return async_queue(2, {out}); });
  bench.run({"x=a", "x=b", "x=c"});
  EXPECT_EQ(bench.flat(), Texts());
  bench.clock.advance(1ms);
  EXPECT_EQ(bench.flat(), events({"x=a", "x=b"}));
  EXPECT_EQ(bench.core.counters().failed, 1u);
  EXPECT_EQ(bench.core.counters().dropped, 1u);
}

}  // namespace
}  // namespace berth::observe::streams
