#include "observe/streams/streams_suite.h"

// riemann streams_test.clj: the windows; by its names.

namespace berth::observe::streams {
namespace {

Texts times(const std::vector<int>& at) {
  Texts out;
  for (int each : at) out.push_back("time=" + std::to_string(each));
  return out;
}
Vectors windows(const std::vector<std::vector<int>>& all) {
  Vectors out;
  for (auto& each : all) out.push_back(times(each));
  return out;
}
const std::vector<int> out_of_order{5, 1, 2, 6, 3, 8, 4, 8, 5, 9};

TEST(MovingEventWindowStream, zero_width_and_n_width) {
  auto run = [](std::size_t n, const Texts& in) {
    return run_vectors([&](Spec out) { return moving_event_window(n, {out}); }, in);
  };
  EXPECT_EQ(run(0, {}), Vectors());
  EXPECT_EQ(run(0, {"metric=1", "metric=2"}), Vectors({{}, {}}));
  EXPECT_EQ(run(2, {"metric=1", "metric=2", "metric=3"}),
            vectors({{"metric=1"}, {"metric=1", "metric=2"}, {"metric=2", "metric=3"}}));
}

TEST(FixedEventWindowStream, zero_width_and_n_width) {
  auto run = [](std::size_t n, const Texts& in) {
    return run_vectors([&](Spec out) { return fixed_event_window(n, {out}); }, in);
  };
  EXPECT_EQ(run(0, {"metric=1", "metric=2"}), Vectors());
  EXPECT_EQ(run(2, {"metric=1"}), Vectors());
  EXPECT_EQ(run(2, {"metric=1", "metric=2", "metric=3", "metric=4", "metric=5"}),
            vectors({{"metric=1", "metric=2"}, {"metric=3", "metric=4"}}));
}

TEST(MovingTimeWindowStream, zero_seconds_n_seconds_and_out_of_order) {
  auto run = [](Duration n, const std::vector<int>& in) {
    return run_vectors([&](Spec out) { return moving_time_window(n, {out}); }, times(in));
  };
  EXPECT_EQ(run(0s, {1, 2}), Vectors());
  EXPECT_EQ(run(2s, {1}), windows({{1}}));
  EXPECT_EQ(run(2s, {1, 2, 3, 4}), windows({{1}, {1, 2}, {2, 3}, {3, 4}}));
  EXPECT_EQ(run(2s, out_of_order), windows({{5}, {5, 6}, {8}, {8, 8}, {8, 8, 9}}));
}

TEST(FixedTimeWindowStream, n_seconds_a_gap_and_out_of_order) {
  auto run = [](const std::vector<int>& in) {
    return run_vectors([&](Spec out) { return fixed_time_window(2s, {out}); }, times(in));
  };
  EXPECT_EQ(run({1}), Vectors());
  EXPECT_EQ(run({1, 2, 3, 4, 5}), windows({{1, 2}, {3, 4}}));
  EXPECT_EQ(run({1, 7}), windows({{1}, {}, {}}));
  auto more = out_of_order;
  more.push_back(11);
  EXPECT_EQ(run(more), windows({{5, 6}, {8, 8}, {9}}));
}

TEST(FixedOffsetTimeWindowStream, aligned_to_n) {
  auto run = [](const std::vector<int>& in) {
    return run_vectors([&](Spec out) { return fixed_offset_time_window(2s, {out}); }, times(in));
  };
  EXPECT_EQ(run({1}), Vectors());
  EXPECT_EQ(run({1, 2, 3, 4, 5, 6}), windows({{1}, {2, 3}, {4, 5}}));
  EXPECT_EQ(run({1, 7}), windows({{1}, {}, {}}));
  auto more = out_of_order;
  more.push_back(11);
  EXPECT_EQ(run(more), windows({{5}, {6}, {8, 8, 9}}));
}

TEST(FixedTimeWindowStream, events_without_time_accrue_in_the_window) {
  auto out = run_vectors([](Spec out) { return fixed_time_window(2s, {out}); },
                         {"time=1", "host=a", "time=3", "time=5"});
  EXPECT_EQ(out, vectors({{"time=1", "host=a"}, {"time=3"}}));
}

TEST(FixedTimeWindowStream, a_gap_of_years_gives_no_more_empty_windows_than_its_limit) {
  auto out = run_vectors([](Spec out) { return fixed_time_window(1s, {out}); },
                         {"time=1", "time=1000000000"});
  EXPECT_EQ(out.size(), 1001u);
}

TEST(Windows, hold_no_more_than_their_limit) {
  StreamLimits limits;
  limits.held_events_max = 3;
  Bench bench(limits);
  run_stream(
      bench, [](Spec out) { return fixed_time_window(10s, {out}); }, times({1, 2, 3, 4, 5, 20}));
  EXPECT_EQ(bench.vectors, windows({{1, 2, 3}}));
  EXPECT_EQ(bench.core.counters().dropped, 2u);
}

}  // namespace
}  // namespace berth::observe::streams
