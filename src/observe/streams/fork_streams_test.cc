#include "observe/streams/streams_suite.h"

// riemann streams_test.clj: by, by-builder, changed-state, top, dual; by its names. And what ours
// do besides: forks that end, and shared streams.

namespace berth::observe::streams {
namespace {

TEST(ByStream, single) {
  // A counter in each fork tells which of them an event went to.
  auto out = run_stream([](Spec out) { return by({"host"}, {counter(0, {out})}); },
                        {"host=a metric=1", "host=a metric=1", "host=b metric=1", "host=a metric=1",
                         "host=c metric=1", "host=b metric=1", "metric=1", "metric=1"});
  EXPECT_EQ(metrics(out), (Texts{"1", "2", "1", "3", "1", "2", "1", "2"}));
}

TEST(ByStream, multiple) {
  auto out = run_stream(
      [](Spec out) { return by({"host", "service"}, {counter(0, {out})}); },
      {"host=1 service=a metric=1", "host=1 service=b metric=1", "host=1 service=a metric=1",
       "host=2 service=a metric=1", "host=1a metric=1", "host=1 service=a metric=1"});
  EXPECT_EQ(metrics(out), (Texts{"1", "1", "2", "1", "1", "3"}));
}

TEST(ByStream, children_are_made_once_a_fork) {
  Bench bench;
  int made = 0;
  auto maker = [&](const std::vector<FieldValue>&) -> Result<Specs> {
    ++made;
    return Specs{bench.out()};
  };
  bench.build([&](Spec) { return by_builder({"metric"}, "count", maker); });
  EXPECT_EQ(made, 0);
  bench.run({"metric=1", "metric=2", "metric=1"});
  EXPECT_EQ(made, 2);
}

TEST(ByBuilderStream, the_fork_knows_its_name) {
  auto maker = [](Spec out) {
    return [out](const std::vector<FieldValue>& values) -> Result<Specs> {
      Settings name{{"fork", text_of(values[0]) + "/" + text_of(values[1])}};
      return Specs{with(name, {out}), with(name, {out})};
    };
  };
  auto out = run_stream([&](Spec out) { return by_builder({"host", "service"}, "x", maker(out)); },
                        {"host=1 service=a", "host=2 service=a", "host=1"});
  EXPECT_EQ(out, events({"host=1 service=a fork=1/a", "host=1 service=a fork=1/a",
                         "host=2 service=a fork=2/a", "host=2 service=a fork=2/a", "host=1 fork=1/",
                         "host=1 fork=1/"}));
}

TEST(ByStream, idle_forks_end_with_their_timers) {
  StreamLimits limits;
  limits.fork_idle = 60s;
  Bench bench(limits);
  bench.build([](Spec out) { return by({"host"}, {fill_in_last(1s, {}, {out})}); });
  bench.run({"host=a metric=1", 30s, "host=b metric=1"});
  EXPECT_EQ(bench.clock.timers().size(), 3u);  // two of fill_in, one of by
  bench.clock.advance(31s);
  EXPECT_EQ(bench.core.counters().forks_ended, 1u);
  bench.clock.advance(60s);
  EXPECT_EQ(bench.core.counters().forks_ended, 2u);
  EXPECT_TRUE(bench.clock.timers().empty());
}

TEST(ByStream, a_fork_that_holds_events_back_is_not_ended) {
  Bench bench;
  bench.build(
      [](Spec out) { return by({"host"}, {batch(10, 100s, {sflatten({out})})}, {.idle = 10s}); });
  bench.run({"host=a", 99s});
  EXPECT_EQ(bench.core.counters().forks_ended, 0u);
  bench.clock.advance(20s);
  EXPECT_EQ(bench.flat(), events({"host=a"}));
  EXPECT_EQ(bench.core.counters().forks_ended, 1u);
}

TEST(ByStream, beyond_its_limit_the_longest_idle_fork_ends) {
  Bench bench;
  run_stream(bench, [](Spec out) { return by({"host"}, {counter(0, {out})}, {.forks_max = 2}); },
             {"host=a metric=1", "host=b metric=1", "host=a metric=1", "host=c metric=1",
              "host=a metric=1", "host=b metric=1"});
  EXPECT_EQ(metrics(bench.flat()), (Texts{"1", "1", "2", "1", "3", "1"}));
  EXPECT_EQ(bench.core.counters().forks_ended, 2u);  // b, then c
}

TEST(ByStream, a_shared_stream_is_one_for_all_forks) {
  auto out = run_stream([](Spec out) { return by({"host"}, {shared(counter(0, {out}))}); },
                        {"host=a metric=1", "host=b metric=1", "host=a metric=1"});
  EXPECT_EQ(metrics(out), (Texts{"1", "2", "3"}));
}

TEST(ChangedStateStream, each_host_and_service_by_itself) {
  auto out = run_stream(
      [](Spec out) { return changed_state({out}); },
      {"host=1 service=1 state=1", "host=2 service=1 state=1", "host=1 service=1 state=1",
       "host=1 service=1 state=2", "host=2 service=1 state=2", "host=2 service=2 state=1",
       "host=2 service=1 state=1"});
  EXPECT_EQ(out, events({"host=1 service=1 state=1", "host=2 service=1 state=1",
                         "host=1 service=1 state=2", "host=2 service=1 state=2",
                         "host=2 service=2 state=1", "host=2 service=1 state=1"}));
}

TEST(DualStream, the_other_side_gets_it_expired) {
  Bench bench;
  Texts low;
  run_stream(bench, [&](Spec out) { return dual(query("metric > 1"), {out}, {bench.into(low)}); },
             {"service=a metric=2", "service=a metric=1", "service=a state=expired metric=5"});
  EXPECT_EQ(bench.flat(), events({"service=a metric=2", "service=a state=expired time=0",
                                  "service=a state=expired metric=5"}));
  EXPECT_EQ(low, events({"service=a state=expired time=0", "service=a metric=1",
                         "service=a state=expired metric=5"}));
}

/// Events as "a1" (service a, metric 1), "a" without metric; "-a" expired.
Texts short_events(const Texts& given) {
  Texts out;
  for (auto& each : given) {
    bool gone = each[0] == '-';
    std::string name = each.substr(gone ? 1 : 0, 1), metric = each.substr(gone ? 2 : 1);
    std::string event = "service=" + name;
    if (gone) event += " state=expired time=0";
    if (!gone && !metric.empty()) event += " metric=" + metric;
    out.push_back(event);
  }
  return out;
}

void expect_top(std::size_t k, const Texts& in, const Texts& out) {
  auto got = run_stream([&](Spec end) { return top(k, "metric", {end}); }, short_events(in));
  EXPECT_EQ(got, events(short_events(out))) << testing::PrintToString(in);
}

TEST(TopStream, in_the_order_of_riemanns_test) {
  expect_top(1, {"a1"}, {"a1"});
  expect_top(1, {"a1", "a2", "a1", "a3"}, {"a1", "a2", "a1", "a3"});
  expect_top(2, {"a1", "b2", "c3", "a1", "b2"}, {"a1", "b2", "c3", "-a", "b2"});
  expect_top(2, {"a2", "b2", "c1", "a5", "c1", "a0", "c1"},
             {"a2", "b2", "-c", "a5", "-c", "a0", "c1"});
  expect_top(2, {"a1", "b2", "c3", "d1", "a2", "b", "d2"},
             {"a1", "b2", "c3", "-d", "-a", "-b", "d2"});
  expect_top(1, {"a", "b1", "a"}, {"-a", "b1", "-a"});
  expect_top(1, {"b2", "b", "a1"}, {"b2", "-b", "a1"});
  expect_top(2, {"-a"}, {"-a"});
  expect_top(1, {"a2", "-a", "b1"}, {"a2", "-a", "b1"});
  expect_top(2, {"a1", "b2", "c3", "d4", "a2", "b3", "c4", "d5"},
             {"a1", "b2", "c3", "d4", "-a", "-b", "c4", "d5"});
}

TEST(TopStream, demotion) {
  Bench bench;
  Texts bottom;
  run_stream(bench, [&](Spec out) { return top(1, "metric", {out}, {bench.into(bottom)}); },
             {"service=a metric=1", "service=b metric=2"});
  EXPECT_EQ(bench.flat(),
            events({"service=a metric=1", "service=a state=expired time=0", "service=b metric=2"}));
  EXPECT_EQ(bottom, events({"service=a state=expired time=0", "service=a metric=1",
                            "service=b state=expired time=0"}));
}

}  // namespace
}  // namespace berth::observe::streams
