#include "observe/streams/folds.h"
#include "observe/streams/streams_suite.h"

// riemann streams_test.clj: rate, ddt, fold-interval, coalesce, fill-in, interpolate-constant; and
// core_test.clj: percentiles; by its names.

namespace berth::observe::streams {
namespace {

TEST(RateStream, slow_even) {
  Bench bench;
  bench.build([](Spec out) { return rate(1s, {out}); });
  for (int i = 0; i < 50; ++i) {
    bench.clock.advance(100ms);
    Event event = e("metric=1");
    event.time = bench.clock.wall();
    bench.take(event);
  }
  bench.clock.advance(100ms);
  Texts rates = metrics(bench.flat());
  ASSERT_EQ(rates.size(), 5u);
  // The first tick is a second after the first event, before that instant's event.
  EXPECT_EQ(rates, (Texts{"10", "10", "10", "10", "10"}));
}

TEST(RateStream, of_many_events_in_one_interval) {
  Bench bench;
  bench.build([](Spec out) { return rate(2500ms, {out}); });
  for (int i = 0; i < 10'000; ++i) bench.take("metric=1 time=0");
  bench.clock.advance(2500ms);
  EXPECT_EQ(bench.flat(), events({"metric=4000 time=2.5"}));
}

TEST(RateStream, without_input) {
  auto out = run_intervals([](Spec out) { return rate(1s, {out}); },
                           {"metric=1 service=foo", 500ms, "metric=1 service=bar", 500ms,
                            "metric=1 service=baz ttl=3", 3s, "state=expired"});
  EXPECT_EQ(out,
            events({"time=1 metric=2 service=bar", "time=2 metric=1 service=baz ttl=3",
                    "time=3 metric=0 service=baz ttl=2", "time=4 metric=0 service=baz ttl=1"}));
}

TEST(RateStream, expiration) {
  auto out = run_intervals([](Spec out) { return rate(1s, {out}); }, {"time=0 metric=1 ttl=3", 5s});
  EXPECT_EQ(out,
            events({"time=1 metric=1 ttl=3", "time=2 metric=0 ttl=2", "time=3 metric=0 ttl=1"}));
}

TEST(RateStream, of_what_comes_through_the_door_without_a_ttl_ends) {
  // riemann#390: there it goes on for ever.
  Bench bench;
  ASSERT_TRUE(bench.core.add(rate(10s, {bench.out()})).ok());
  Event event = e("service=a metric=10");
  bench.core.inject(event);
  bench.clock.advance(1000s);
  EXPECT_EQ(metrics(bench.flat()), (Texts{"1", "0", "0", "0", "0", "0"}));
  EXPECT_TRUE(bench.clock.timers().empty());
}

TEST(DdtStream, immediate) {
  auto run = [](const Texts& in) { return run_stream([](Spec out) { return ddt({out}); }, in); };
  EXPECT_EQ(run({}), Texts());
  EXPECT_EQ(run({"", "", ""}), Texts());
  EXPECT_EQ(run({"metric=1 time=0"}), Texts());
  EXPECT_EQ(run({"metric=0 time=0", "metric=0 time=1", "metric=2 time=2", "metric=-4 time=4"}),
            events({"metric=0 time=1", "metric=2 time=2", "metric=-3 time=4"}));
  EXPECT_EQ(run({"metric=0 time=1", "metric=5 time=1", "metric=7 time=2"}),
            events({"metric=2 time=2"}));
}

TEST(DdtIntervalStream, a_burst_one_and_several_events_an_interval_and_none) {
  EXPECT_EQ(run_intervals([](Spec out) { return ddt(100ms, {out}); },
                          {"metric=1 time=0", "metric=2 time=0", "metric=3 time=0"}),
            Texts());
  auto make = [](Spec out) { return ddt(1s, {out}); };
  EXPECT_EQ(run_intervals(
                make, {"time=0 metric=-1", 990ms, "time=1 metric=0", 1s, "time=2 metric=-5", 1s}),
            events({"time=1 metric=1", "time=2 metric=-5"}));
  EXPECT_EQ(
      run_intervals(make, {"time=0 metric=-1", 10ms, "time=0.5 metric=100", 500ms,
                           "time=1 metric=1", 500ms, "time=1.5", 500ms, "time=2 metric=-3", 500ms}),
      events({"time=1 metric=2", "time=2 metric=-4"}));
  EXPECT_EQ(run_intervals([](Spec out) { return ddt(2s, {out}); },
                          {"time=0 metric=0", 1s, "time=1 metric=1", 2s, "time=3 metric=2", 3s}),
            events({"time=2 metric=1", "time=4 metric=0.5", "time=6 metric=0"}));
}

TEST(FoldIntervalStream, sums) {
  Steps steps{"metric=2", 100ms, "metric=4",   200ms, "metric=2",   300ms,
              "metric=4", 1s,    "metric=100", 100ms, "metric=100", 1s};
  NumberFold sum = *number_fold_called("sum");
  EXPECT_EQ(run_intervals([&](Spec out) { return fold_interval(1s, "metric", sum, {out}); }, steps),
            events({"metric=12", "metric=200"}));
  EXPECT_EQ(run_intervals([&](Spec out) { return fold_interval_metric(1s, sum, {out}); }, steps),
            events({"metric=12", "metric=200"}));
}

TEST(FoldIntervalStream, an_interval_without_events_gives_nothing_and_an_expired_event_ends_it) {
  NumberFold mean = *number_fold_called("mean");
  EXPECT_EQ(run_intervals([&](Spec out) { return fold_interval_metric(1s, mean, {out}); },
                          {"metric=2 host=a", 500ms, "metric=4 host=b", 3s, "metric=9 host=a",
                           "state=expired", 5s}),
            events({"metric=3 host=b"}));
}

TEST(PercentilesStream, picks_events) {
  Bench bench;
  bench.build([](Spec out) { return percentiles(1s, points({0, 0.5, 0.95, 0.99, 1}), {out}); });
  for (int i = 0; i <= 100; ++i) {  // in an order of its own
    bench.take("service=per metric=" + std::to_string(i * 37 % 101) + " time=0");
  }
  bench.clock.advance(1s);
  Texts expected;
  for (auto [suffix, metric] :
       {std::pair("0", 0), {"0.5", 50}, {"0.95", 95}, {"0.99", 99}, {"1", 100}}) {
    Event event = e("metric=" + std::to_string(metric) + " time=0");
    event.service = std::string("per ") + suffix;
    expected.push_back(text(event));
  }
  EXPECT_EQ(bench.flat(), expected);
  bench.clock.advance(1s);
  EXPECT_EQ(bench.flat().size(), 5u) << "an empty interval gives nothing";
}

TEST(PercentilesStream, own_names_and_an_expired_event_throws_the_bin_away) {
  Points named{{0, ".min"}, {1, ".max"}};
  auto make = [&](Spec out) { return percentiles(1s, named, {out}); };
  EXPECT_EQ(run_intervals(make, {"service=a metric=3", "service=a", "service=a metric=1", 1s}),
            events({"service=a.min metric=1", "service=a.max metric=3"}));
  EXPECT_EQ(run_intervals(make, {"service=a metric=3", "state=expired", 5s}), Texts());
}

Texts sorted_events(const Texts& written) {
  Texts out = events(written);
  std::ranges::sort(out);
  return out;
}

/// What one coalesce has handed on last, sorted.
Texts last_sorted(const Bench& bench) {
  Texts out = bench.vectors.empty() ? Texts{"none"} : bench.vectors.back();
  std::ranges::sort(out);
  return out;
}

TEST(CoalesceStream, all_that_it_knows_and_what_expired_once) {
  Bench bench;
  bench.build([](Spec out) { return coalesce(1s, {out}); });
  std::string a1 = "service=a state=one time=0", b1 = "service=b state=one time=0";
  std::string a2 = "service=a state=two time=3 ttl=2", c1 = "service=c state=one time=0";
  std::string b2 = "service=b state=two time=0";
  bench.run({a1, 1100ms});
  EXPECT_EQ(last_sorted(bench), sorted_events({a1}));
  bench.run({b1, 1s});
  EXPECT_EQ(last_sorted(bench), sorted_events({a1, b1}));
  bench.run({a2, 1s});
  EXPECT_EQ(last_sorted(bench), sorted_events({b1, a2}));
  bench.run({c1, 3s});
  EXPECT_EQ(last_sorted(bench), sorted_events({b1, a2, c1}));
  bench.run({b2, 1s});
  EXPECT_EQ(last_sorted(bench), sorted_events({c1, b2}));
}

TEST(FillInStream, gaps_are_filled_until_it_expires) {
  auto make = [](Spec out) { return fill_in(50ms, e("metric=0"), {out}); };
  EXPECT_EQ(run_intervals(make, {}), Texts());
  EXPECT_EQ(run_intervals(make, {"metric=1", "metric=2", "metric=3"}),
            events({"metric=1", "metric=2", "metric=3"}));
  EXPECT_EQ(metrics(run_intervals(make, {"metric=1", 60ms, "metric=2", "metric=3", 80ms,
                                         "metric=4 state=expired", 60ms, "metric=5"})),
            (Texts{"1", "0", "2", "3", "0", "4", "5"}));
}

TEST(FillInLastStream, with_the_last_event) {
  auto out = run_intervals([](Spec out) { return fill_in_last(50ms, {{"metric", 0.0}}, {out}); },
                           {"host=a metric=1", 60ms, "host=b metric=2", "host=c metric=3", 80ms,
                            "host=d metric=4 state=expired", 60ms, "host=e metric=5"});
  EXPECT_EQ(metrics(out), (Texts{"1", "0", "2", "3", "0", "4", "5"}));
  EXPECT_EQ(field_of(out, "host"), (Texts{"a", "a", "b", "c", "c", "d", "e"}));
}

TEST(InterpolateConstantStream, by_its_cases) {
  auto run = [](Duration interval, const Steps& steps) {
    return metrics(
        run_intervals([&](Spec out) { return interpolate_constant(interval, {out}); }, steps));
  };
  EXPECT_EQ(run(10ms, {}), Texts());
  EXPECT_EQ(run(100ms, {"metric=1", 50ms}), (Texts{"1"}));
  EXPECT_EQ(run(100ms, {"metric=1", 50ms, "metric=2", "metric=3"}), (Texts{"1"}));
  EXPECT_EQ(run(100ms, {"metric=1", 220ms, "metric=2", 220ms, "metric=3", 220ms, "metric=4"}),
            (Texts{"1", "1", "1", "2", "2", "3", "3"}));
  EXPECT_EQ(run(100ms, {"metric=1", 220ms, "metric=2", 220ms, "metric=3", 220ms,
                        "metric=4 state=expired"}),
            (Texts{"1", "1", "1", "2", "2", "3", "3", "4"}));
  EXPECT_EQ(run(50ms, {"metric=1 state=expired", 120ms, "metric=2", 120ms, "metric=3 state=expired",
                       120ms}),
            (Texts{"1", "2", "2", "2", "3"}));
}

}  // namespace
}  // namespace berth::observe::streams
