#include "observe/streams/streams_suite.h"

// riemann streams_test.clj: counter, ewma, apdex, clock-skew, predict-linear, project; by its
// names.

namespace berth::observe::streams {
namespace {

TEST(CounterStream, passes_counts_and_resets) {
  auto run = [](double initial, const Texts& in) {
    return run_stream([&](Spec out) { return counter(initial, {out}); }, in);
  };
  Texts without = events({"", "state=expired", "service=foo"});
  EXPECT_EQ(run(0, without), without);
  EXPECT_EQ(run(0, {"metric=2", "", "metric=3"}), events({"metric=2", "", "metric=5"}));
  EXPECT_EQ(run(100, {"metric=2", "", "metric=3"}), events({"metric=102", "", "metric=105"}));
  EXPECT_EQ(run(100, {"metric=1", "metric=200 tags=reset", "metric=5"}),
            events({"metric=101", "metric=200 tags=reset", "metric=205"}));
}

TEST(OverTimeStreams, sum_and_mean) {
  EXPECT_EQ(run_stream([](Spec out) { return sum_over_time({out}); }, {"metric=1", "metric=4"}),
            events({"metric=1", "metric=5"}));
  EXPECT_EQ(run_stream([](Spec out) { return mean_over_time({out}); }, {"metric=1", "metric=4"}),
            events({"metric=1", "metric=2.5"}));
}

TEST(EwmaTimelessStream, by_its_ratio) {
  auto run = [](double r, const Texts& in) {
    return metrics(run_stream([&](Spec out) { return ewma_timeless(r, {out}); }, in));
  };
  EXPECT_EQ(run(0, {"metric=1", "metric=10", "metric=-100"}), (Texts{"0", "0", "0"}));
  EXPECT_EQ(run(1, {"metric=5", "metric=13", "metric=-10"}), (Texts{"5", "13", "-10"}));
  EXPECT_EQ(run(0.5, {"metric=1", "metric=1", "metric=1", "metric=1", "metric=1"}),
            (Texts{"0.5", "0.75", "0.875", "0.9375", "0.96875"}));
  EXPECT_EQ(run(0.5, {"metric=1", "host=a", "metric=1"}), (Texts{"0.5", "", "0.75"}));
}

TEST(EwmaStream, converges_and_halves) {
  for (int halflife : {1, 2, 5}) {
    Texts in;
    for (int i = 1; i <= 50; ++i) in.push_back("metric=1 time=" + std::to_string(i));
    in.push_back("metric=0 time=" + std::to_string(50 + halflife));
    in.push_back("metric=0 time=" + std::to_string(50 + 2 * halflife));
    auto out =
        run_stream([&](Spec end) { return ewma(std::chrono::seconds(halflife), {end}); }, in);
    auto value = [&](std::size_t at) { return *e(out[at]).metric; };
    for (std::size_t at = 40; at < 50; ++at) EXPECT_NEAR(value(at), 1, 0.01);
    EXPECT_NEAR(value(50), 0.5, 0.005);
    EXPECT_NEAR(value(51), 0.25, 0.0025);
  }
}

TEST(EwmaStream, weighs_by_time_whatever_the_order) {
  EXPECT_EQ(run_intervals([](Spec out) { return ewma(1s, {out}); },
                          {"metric=1 time=0", 1s, "metric=1 time=2", 1s, "metric=1 time=1", 1s}),
            events({"metric=0.5 time=0", "metric=0.625 time=2", "metric=0.875 time=2"}));
}

TEST(ApdexStream, expired_events_do_not_count) {
  Steps steps;
  for (int i = 0; i < 7; ++i) {
    if (i < 5) steps.push_back("state=ok");
    steps.push_back("state=warning");
    if (i < 3) steps.push_back("state=expired");
    if (i == 0) steps.push_back("state=fail");
  }
  steps.push_back("state=final");
  steps.push_back(3s);
  auto out = run_intervals(
      [](Spec end) {
        return apdex(1s, query("state = \"ok\""), query("state = \"warning\""), {end});
      },
      steps);
  EXPECT_EQ(out, events({"state=final metric=0.607142857"}));  // (5 + 7 / 2) / 14
}

TEST(ClockSkewStream, against_the_middle_clock) {
  auto out = run_intervals([](Spec end) { return clock_skew({end}); },
                           {"time=1 host=foo", 1s, "time=3 host=bar", 1s, "time=9 host=baz", 1s,
                            "time=1 host=foo", 1s, "time=100 host=foo"});
  EXPECT_EQ(out, events({"time=1 host=foo metric=0", "time=3 host=bar metric=0",
                         "time=9 host=baz metric=5", "time=1 host=foo metric=-4",
                         "time=100 host=foo metric=89"}));
}

TEST(PredictLinearStream, by_its_cases) {
  auto run = [](std::size_t n, Duration s, std::optional<Duration> rebuild, const Texts& in) {
    return run_stream([&](Spec out) { return predict_linear(n, s, rebuild, {out}); }, in);
  };
  EXPECT_EQ(run(10, 600s, {}, {"metric=1 time=1"}), Texts());
  Texts line{"metric=1 time=1", "metric=2 time=2", "metric=3 time=3", "metric=4 time=4",
             "metric=5 time=5"};
  Texts ahead =
      events({"metric=62 time=2", "metric=63 time=3", "metric=64 time=4", "metric=65 time=5"});
  EXPECT_EQ(run(5, 60s, {}, line), ahead);
  EXPECT_EQ(run(5, 60s, 60s, line), ahead);
  EXPECT_EQ(run(2, 86400s, {}, {"metric=100 time=0", "metric=50 time=43200"}),
            events({"metric=-50 time=43200"}));
  EXPECT_EQ(run(2, 60s, {}, {"metric=100 time=0", "metric=100 time=1"}),
            events({"metric=100 time=1"}));
  EXPECT_EQ(run(2, 60s, 60s, {"metric=100 time=0", "metric=100 time=1", "metric=500 time=2"}),
            events({"metric=100 time=1", "metric=100 time=2"}));
  // At one time no line can be found: Riemann divides by zero there.
  EXPECT_EQ(run(2, 60s, {}, {"metric=100 time=1", "metric=200 time=1"}), Texts());
}

Spec foo_and_bar(Spec out) {
  return project({query("service = \"foo\""), query("service = \"bar\"")}, {out});
}

TEST(ProjectStream, matching_events_in_their_places) {
  EXPECT_EQ(run_vectors(foo_and_bar, {}), Vectors());
  EXPECT_EQ(run_vectors([](Spec out) { return project({}, {out}); }, {"metric=1"}), Vectors());
  EXPECT_EQ(run_vectors(foo_and_bar, {"service=cat", "service=foo a=1", "service=foo a=2",
                                      "service=meow", "service=bar b=3", "service=foo b=4"}),
            vectors({{"service=foo a=1", "nil"},
                     {"service=foo a=2", "nil"},
                     {"service=foo a=2", "service=bar b=3"},
                     {"service=foo b=4", "service=bar b=3"}}));
}

TEST(ProjectStream, what_expires_is_handed_on_once) {
  std::string foo = "service=foo time=0 state=expired", bar = "service=bar time=0 state=expired";
  EXPECT_EQ(run_vectors(foo_and_bar,
                        {"service=foo state=expired", "service=foo state=expired", "service=cat"}),
            vectors({{foo, "nil"}, {foo, "nil"}}));
  EXPECT_EQ(run_vectors(foo_and_bar, {"service=foo state=ok", "service=bar state=ok",
                                      "service=bar state=expired", "service=foo state=expired",
                                      "service=bar state=expired"}),
            vectors({{"service=foo state=ok", "nil"},
                     {"service=foo state=ok", "service=bar state=ok"},
                     {"service=foo state=ok", bar},
                     {foo, "nil"},
                     {"nil", bar}}));
  EXPECT_EQ(
      run_vector_intervals(foo_and_bar, {"service=foo state=ok time=0 ttl=1", 2s,
                                         "service=bar state=ok", 1s, "service=bar state=ok2"}),
      vectors({{"service=foo state=ok time=0 ttl=1", "nil"},
               {"service=foo state=expired time=2", "service=bar state=ok"},
               {"nil", "service=bar state=ok2"}}));
}

}  // namespace
}  // namespace berth::observe::streams
