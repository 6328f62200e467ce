#include "observe/streams/vocabulary.h"

#include "observe/streams/folds.h"
#include "observe/streams/streams_suite.h"

namespace berth::observe::streams {
namespace {

std::string refusal(std::string_view text) {
  auto stage = read_stage(text);
  return stage.ok() ? "" : std::string(stage.error().message());
}

/// What comes out of the steps, each behind the one before.
Texts run(const Texts& steps, const Steps& inputs) {
  Bench bench;
  bench.build([&](Spec out) {
    std::vector<Stage> stages;
    for (auto& step : steps) {
      auto stage = read_stage(step);
      EXPECT_TRUE(stage.ok()) << step << ": " << stage.error().text();
      stages.push_back(*stage);
    }
    return pipe(stages, out);
  });
  bench.run(inputs);
  return bench.flat();
}

TEST(VocabularyTest, names_are_sorted_and_each_is_found) {
  std::string_view before;
  for (auto& function : vocabulary()) {
    EXPECT_LT(before, function.name);
    EXPECT_EQ(function_called(function.name), &function);
    before = function.name;
  }
  EXPECT_EQ(function_called("nothing"), nullptr);
}

TEST(VocabularyTest, one_example_of_each_function_is_read_and_does_something) {
  std::map<std::string, std::string> arguments = {
      {"adjust", "service \"%{host} x\""},
      {"apdex", "1s \"metric < 1\" \"metric < 2\""},
      {"async_queue", "10"},
      {"batch", "2 1s"},
      {"by", "host service"},
      {"changed", "state ok"},
      {"coalesce", "1s"},
      {"counter", "5"},
      {"ddt", "1s"},
      {"default", "state=ok ttl=5s"},
      {"ewma", "5s"},
      {"ewma_timeless", "0.5"},
      {"fill_in", "1s metric=0"},
      {"fill_in_last", "1s metric=0"},
      {"fixed_event_window", "2"},
      {"fixed_offset_time_window", "2s"},
      {"fixed_time_window", "2s"},
      {"fold_interval", "1s metric mean"},
      {"fold_interval_metric", "1s sum"},
      {"interpolate_constant", "1s"},
      {"match", "host a ~^b"},
      {"moving_event_window", "3"},
      {"moving_time_window", "3s"},
      {"over", "0"},
      {"percentiles", "1s 0.5 0.95"},
      {"predict_linear", "3 60s"},
      {"project", "\"metric > 0\" \"metric < 0\""},
      {"publish", "alerts"},
      {"rate", "1s"},
      {"rollup", "2 1s"},
      {"runs", "2 state"},
      {"scale", "2"},
      {"send", "librato"},
      {"smap", "sum"},
      {"sorted_sample", "0.5=.median"},
      {"stable", "1s state"},
      {"tag", "a b"},
      {"tagged", "a"},
      {"tagged_all", "a"},
      {"tagged_any", "a"},
      {"throttle", "1 1s"},
      {"top", "2 metric"},
      {"under", "5"},
      {"untag", "a"},
      {"where", "host = \"a\" or metric > 3"},
      {"with", "state=ok host=nil"},
  };
  for (auto& function : vocabulary()) {
    std::string step(function.name);
    if (arguments.contains(step)) step += " " + arguments[step];
    auto stage = read_stage(step);
    EXPECT_TRUE(stage.ok()) << stage.error().text();
    if (!stage.ok()) continue;
    Bench bench;
    Spec spec = (*stage)(bit_bucket());
    bench.branch = Branch::make(bench.core, {spec}, nullptr);
    Event event = e("host=a service=s state=ok metric=1 time=0 tags=a");
    const Event* one = &event;
    if (spec->takes == Takes::vectors) {
      bench.branch->roots()[0]->take_all({&one, 1});
    } else {
      bench.take(event);
    }
    bench.clock.advance(100s);
    if (function.name != "send") EXPECT_EQ(bench.core.counters().failed, 0u) << step;
  }
}

TEST(VocabularyTest, steps_in_a_row) {
  EXPECT_EQ(
      run({"where service = \"api\" and metric > 0", "by host", "moving_event_window 2", "mean",
           "with service=\"api mean\"", "adjust description \"%{host} has %{metric}\""},
          {"host=a service=api metric=2", "host=b service=api metric=5",
           "host=a service=api metric=4", "host=a service=other metric=9"}),
      (Texts{"host=a service=api mean description=a has 2 metric=2",
             "host=b service=api mean description=b has 5 metric=5",
             "host=a service=api mean description=a has 3 metric=3"}));
  EXPECT_EQ(run({"percentiles 1s 0=.min 1=.max"}, {"service=a metric=1", "service=a metric=3", 1s}),
            (Texts{"service=a.min metric=1", "service=a.max metric=3"}));
  EXPECT_EQ(run({"default tags=x,y ttl=1m state=\"all right\"", "with host=nil"}, {"host=a"}),
            (Texts{"state=all right ttl=60 tags=x,y"}));
}

TEST(VocabularyTest, what_is_wrong_is_told_with_how_it_is_written) {
  EXPECT_EQ(refusal("raet 5s"), "there is no stream function 'raet'; did you mean 'rate'?");
  EXPECT_EQ(refusal(""), "there is no stream function ''");
  EXPECT_EQ(refusal("rate"), "rate DURATION: its interval is missing");
  EXPECT_EQ(refusal("rate 0s"),
            "rate DURATION: its interval must be a length of time such as 10s, more than zero, "
            "found '0s'");
  EXPECT_EQ(refusal("rate 5s 6s"), "rate DURATION: '6s' is one argument too many");
  EXPECT_EQ(refusal("throttle x 1s"),
            "throttle N DURATION: its number of events must be a whole number from 0 to 1000000, "
            "found 'x'");
  EXPECT_EQ(refusal("over abc"), "over X: its number must be a number, found 'abc'");
  EXPECT_EQ(refusal("where host ="),
            "where CONDITION: parse error: column 7: expected a value, found the end");
  EXPECT_EQ(refusal("with host"), "with FIELD=VALUE...: 'host' must be FIELD=VALUE");
  EXPECT_EQ(refusal("with metric=a"),
            "with FIELD=VALUE...: the metric must be a number, found 'a'");
  EXPECT_EQ(refusal("percentiles 1s 2"),
            "percentiles DURATION POINT...: a point must be a number from 0 to 1, found '2'");
  EXPECT_EQ(refusal("predict_linear 1 5s"),
            "predict_linear N AHEAD [REBUILD]: a line needs two events at least");
  EXPECT_EQ(refusal("adjust metric x"), "adjust FIELD TEXT: it sets texts; for numbers see scale");
  EXPECT_EQ(refusal("tag \"a"), "the quote in '\"a' has no end");
  EXPECT_EQ(refusal("match host ~("),
            "match FIELD VALUE|~EXPRESSION...: '(' is no regular expression: missing ): (");
  EXPECT_EQ(refusal("adjust host %{x"), "adjust FIELD TEXT: the %{ in '%{x' has no }");
}

}  // namespace
}  // namespace berth::observe::streams
