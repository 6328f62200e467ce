#include "observe/streams/folds.h"
#include "observe/streams/streams_suite.h"

// riemann streams_test.clj: smap, smapcat, sflatten, sdo, sreduce, tag, untag, with, default,
// adjust, scale, pipe, exception-stream; by its names.

namespace berth::observe::streams {
namespace {

/// The metric plus one; nothing of nothing.
EventFunction increment() {
  return {"increment", [](const Event& in, Event& out) -> Result<bool> {
            if (!in.metric) return false;
            out = in;
            *out.metric += 1;
            return true;
          }};
}

TEST(SmapStream, increment_and_nothing_is_left_out) {
  EXPECT_EQ(run_stream([](Spec out) { return smap(increment(), {out}); },
                       {"metric=6", "host=a", "metric=3", "metric=-1"}),
            events({"metric=7", "metric=4", "metric=0"}));
}

TEST(SmapAllStream, nothing_is_handed_on) {
  EXPECT_EQ(run_stream([](Spec out) { return smap_all(increment(), {out}); },
                       {"metric=6", "host=a", "metric=3"}),
            events({"metric=7", "", "metric=4"}));
}

TEST(SmapcatStream, doubles) {
  Expansion twice{"twice", false, [](Batch in, auto& emit) -> Result<void> {
                    for (auto* event : in) emit(*event), emit(*event);
                    return {};
                  }};
  EXPECT_EQ(run_stream([&](Spec out) { return smapcat(twice, {out}); }, {"metric=0", "metric=1"}),
            events({"metric=0", "metric=0", "metric=1", "metric=1"}));
}

TEST(SflattenStream, each_event_of_a_vector) {
  auto out = run_vectors([](Spec out) { return fixed_event_window(2, {sflatten({out})}); },
                         {"metric=0", "metric=1", "metric=2", "metric=3"});
  EXPECT_EQ(out, vectors({{"metric=0"}, {"metric=1"}, {"metric=2"}, {"metric=3"}}));
}

TEST(SdoStream, every_child_gets_every_event) {
  Bench bench;
  Texts a, b;
  run_stream(bench, [&](Spec) { return sdo({bench.into(a), bench.into(b)}); },
             {"metric=1", "metric=2"});
  EXPECT_EQ(a, events({"metric=1", "metric=2"}));
  EXPECT_EQ(b, a);
  EXPECT_EQ(run_stream([&](Spec) { return sdo({}); }, {"metric=1"}), Texts());
}

TEST(SreduceStream, with_and_without_an_initial_value) {
  Reducer plus{"plus", [](Event& sum, const Event& event) -> Result<void> {
                 sum.metric = sum.metric.value_or(0) + event.metric.value_or(0);
                 return {};
               }};
  EXPECT_EQ(run_stream([&](Spec out) { return sreduce(plus, e("metric=1"), {out}); },
                       {"metric=1", "metric=2", "metric=3"}),
            events({"metric=2", "metric=4", "metric=7"}));
  EXPECT_EQ(run_stream([&](Spec out) { return sreduce(plus, std::nullopt, {out}); },
                       {"metric=1", "metric=2", "metric=3", "metric=4"}),
            events({"metric=3", "metric=6", "metric=10"}));
}

TEST(TagStream, before_the_others_and_once) {
  auto run = [](std::vector<std::string> tags, const Texts& in) {
    return run_stream([&](Spec out) { return tag(tags, {out}); }, in);
  };
  EXPECT_EQ(run({"foo"}, {"", "service=a tags=foo", "service=b tags=bar,baz"}),
            events({"tags=foo", "service=a tags=foo", "service=b tags=foo,bar,baz"}));
  EXPECT_EQ(run({"foo", "bar"}, {"", "service=a tags=foo", "service=b tags=foo,baz"}),
            events({"tags=foo,bar", "service=a tags=foo,bar", "service=b tags=foo,bar,baz"}));
}

TEST(UntagStream, one_tag_and_several) {
  auto run = [](std::vector<std::string> tags, const Texts& in) {
    return run_stream([&](Spec out) { return untag(tags, {out}); }, in);
  };
  EXPECT_EQ(run({"foo"}, {"", "service=a tags=foo", "service=b tags=foo,bar,baz"}),
            events({"", "service=a", "service=b tags=bar,baz"}));
  EXPECT_EQ(run({"foo", "bar"}, {"service=b tags=foo,bar,baz"}), events({"service=b tags=baz"}));
}

TEST(WithStream, a_field_several_nothing_and_vectors) {
  auto run = [](Settings settings, const Texts& in) {
    return run_stream([&](Spec out) { return with(settings, {out}); }, in);
  };
  EXPECT_EQ(run({{"service", "foo"}}, {"", "service=foo", "service=bar test=baz"}),
            events({"service=foo", "service=foo", "service=foo test=baz"}));
  EXPECT_EQ(run({{"service", "foo"}, {"state", {}}}, {"service=bar state=evil test=baz"}),
            events({"service=foo test=baz"}));
  EXPECT_EQ(run({}, {"service=bar"}), events({"service=bar"}));
  EXPECT_EQ(run({{"ttl", 5.0}, {"metric", {}}, {"test", {}}}, {"metric=1 test=a"}),
            events({"ttl=5"}));
  auto out = run_vectors(
      [](Spec out) { return fixed_event_window(2, {with({{"service", "foo"}}, {out})}); },
      {"service=bar test=baz", "host=a"});
  EXPECT_EQ(out, vectors({{"service=foo test=baz", "host=a service=foo"}}));
}

TEST(DefaultStream, only_what_is_not_there) {
  auto run = [](Settings settings, const Texts& in) {
    return run_stream([&](Spec out) { return default_to(settings, {out}); }, in);
  };
  EXPECT_EQ(run({{"service", "foo"}}, {"", "service=foo", "service=bar test=baz"}),
            events({"service=foo", "service=foo", "service=bar test=baz"}));
  EXPECT_EQ(
      run({{"service", "foo"}, {"state", {}}, {"ttl", 9.0}}, {"service=bar host=baz state=evil"}),
      events({"service=bar host=baz state=evil ttl=9"}));
}

TEST(AdjustStream, a_field_by_what_a_function_makes_of_it) {
  Reading two{"two", [](const Event& event) -> Result<FieldValue> { return event.state + "-2"; }};
  EXPECT_EQ(run_stream([&](Spec out) { return adjust("state", two, {out}); },
                       {"", "state=hey service=bar"}),
            events({"state=-2", "state=hey-2 service=bar"}));
  Reading tags{"tags", [](const Event& event) -> Result<FieldValue> {
                 return static_cast<double>(event.tags.size());
               }};
  EXPECT_EQ(run_stream([&](Spec out) { return adjust("metric", tags, {out}); },
                       {"service=a", "service=a tags=foo,bar"}),
            events({"service=a metric=0", "service=a tags=foo,bar metric=2"}));
}

TEST(ScaleStream, by_a_factor) {
  EXPECT_EQ(run_stream([](Spec out) { return scale(0.5, {out}); }, {"metric=3", "host=a"}),
            events({"metric=1.5", "host=a"}));
}

TEST(PipeStream, stages_and_markers_that_appear_several_times) {
  EXPECT_EQ(run_stream([](Spec out) { return pipe({}, out); }, {"metric=1"}), events({"metric=1"}));
  Stage plus_one = [](Spec next) { return smap(increment(), {next}); };
  Stage twice = [](Spec next) { return scale(2, {next}); };
  EXPECT_EQ(run_stream([&](Spec out) { return pipe({plus_one, twice}, out); },
                       {"metric=1", "metric=2", "metric=3"}),
            events({"metric=4", "metric=6", "metric=8"}));
  // The counter behind the three branches is one stream.
  Stage by_state = [](Spec next) {
    return splitp(
        Comparison::less, "metric",
        {{0.9, with({{"state", "critical"}}, {next})}, {0.5, with({{"state", "warning"}}, {next})}},
        with({{"state", "ok"}}, {next}));
  };
  Stage count = [](Spec next) { return with({{"metric", 1.0}}, {counter(0, {next})}); };
  EXPECT_EQ(run_stream([&](Spec out) { return pipe({by_state, count}, out); },
                       {"metric=0.1", "metric=0.7", "metric=1"}),
            events({"metric=1 state=ok", "metric=2 state=warning", "metric=3 state=critical"}));
}

/// A stream that always fails.
Spec broken() {
  return smap(EventFunction{"broken",
                            [](const Event&, Event&) -> Result<bool> {
                              return Error(Code::unavailable, "foo");
                            }},
              {});
}

TEST(ExceptionStream, failures_are_events_and_siblings_run) {
  Bench bench;
  Texts failures;
  run_stream(bench,
             [&](Spec out) { return exception_stream(bench.into(failures), {broken(), out}); },
             {"metric=1"});
  EXPECT_EQ(bench.flat(), events({"metric=1"}));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_THAT(failures[0], testing::HasSubstr("service=riemann exception state=error"));
  EXPECT_THAT(failures[0], testing::HasSubstr("description=foo time=0 tags=exception,unavailable"));
}

TEST(ExceptionStream, also_from_a_timer_and_from_within_a_fork) {
  Bench bench;
  Texts failures;
  bench.build([&](Spec) {
    return exception_stream(bench.into(failures), {by({"host"}, {rate(1s, {broken()})})});
  });
  bench.take("metric=2 host=a");
  EXPECT_TRUE(failures.empty());
  bench.clock.advance(1s);
  EXPECT_EQ(failures.size(), 1u);
}

TEST(ExceptionStream, one_that_fails_itself_is_not_asked_again) {
  Bench bench;
  bench.build([&](Spec) { return exception_stream(broken(), {broken()}); });
  bench.take("metric=1");
  EXPECT_EQ(bench.core.counters().failed, 2u);
}

}  // namespace
}  // namespace berth::observe::streams
