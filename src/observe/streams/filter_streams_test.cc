#include "observe/streams/streams_suite.h"

// riemann streams_test.clj: match, tagged, split, splitp, where, over, under, expired; by its
// names.

namespace berth::observe::streams {
namespace {

TEST(MatchStream, regular_strings_sets_expressions_and_nothing) {
  auto run = [](Field field, Matcher matcher, const Texts& in) {
    return run_stream([&](Spec out) { return match(field, matcher, {out}); }, in);
  };
  EXPECT_EQ(run("service", {{"foo"}}, {"", "service=bar", "service=foo"}), events({"service=foo"}));
  EXPECT_EQ(run("metric", {{0.0, 2.0}}, {"", "metric=1", "metric=2"}), events({"metric=2"}));
  EXPECT_EQ(run("state", {{}, "^mi"}, {"", "state=migas", "state=other"}), events({"state=migas"}));
  EXPECT_EQ(run("host", {{std::monostate()}}, {"", "host=foo"}), events({""}));
}

TEST(TaggedAllStream, all_tags_must_be_there) {
  auto run = [](std::vector<std::string> tags, const Texts& in) {
    return run_stream([&](Spec out) { return tagged_all(tags, {out}); }, in);
  };
  EXPECT_EQ(run({"kitten", "cat"},
                {"tags=kitten,cat", "tags=kitten,cat,meow", "tags=dog,cat", "tags=cat", ""}),
            events({"tags=kitten,cat", "tags=kitten,cat,meow"}));
  EXPECT_EQ(run({"meow"}, {"tags=meow,bark", "tags=meow", "tags=bark", ""}),
            events({"tags=meow,bark", "tags=meow"}));
}

TEST(TaggedAnyStream, one_tag_is_enough) {
  auto run = [](std::vector<std::string> tags, const Texts& in) {
    return run_stream([&](Spec out) { return tagged_any(tags, {out}); }, in);
  };
  EXPECT_EQ(
      run({"kitten", "cat"}, {"tags=kitten,cat", "tags=cat,dog", "tags=kitten", "tags=dog", ""}),
      events({"tags=kitten,cat", "tags=cat,dog", "tags=kitten"}));
}

/// critical, warn and ok by thresholds, each into the same end.
TEST(SplitStream, the_first_condition_that_holds_with_and_without_a_default) {
  auto run = [](bool with_default) {
    return run_stream(
        [&](Spec out) {
          return split({{query("metric > 10"), with({{"state", "critical"}}, {out})},
                        {query("metric > 5"), with({{"state", "warn"}}, {out})}},
                       with_default ? with({{"state", "ok"}}, {out}) : nullptr);
        },
        {"metric=15", "metric=8", "metric=2"});
  };
  Texts all = events({"metric=15 state=critical", "metric=8 state=warn", "metric=2 state=ok"});
  EXPECT_EQ(run(true), all);
  all.pop_back();
  EXPECT_EQ(run(false), all);
}

TEST(SplitPStream, basics) {
  auto out = run_stream(
      [](Spec out) {
        return splitp(
            Comparison::less_equal, "metric",
            {{10.0, with({{"state", "crit"}}, {out})}, {5.0, with({{"state", "warn"}}, {out})}},
            with({{"state", "ok"}}, {out}));
      },
      {"metric=15", "metric=8", "metric=2"});
  EXPECT_EQ(out, events({"metric=15 state=crit", "metric=8 state=warn", "metric=2 state=ok"}));
}

TEST(SplitPStream, without_a_default_it_fails) {
  Bench bench;
  run_stream(bench, [](Spec out) { return splitp(Comparison::equal, "state", {{"foo", out}}); },
             {"state=foo", "state=bar"});
  EXPECT_EQ(bench.flat(), events({"state=foo"}));
  EXPECT_EQ(bench.core.counters().failed, 1u);
}

TEST(WhereStream, fields_expressions_and_else) {
  auto run = [](const char* condition, const Texts& in) {
    return run_stream([&](Spec out) { return where(query(condition), {out}); }, in);
  };
  EXPECT_EQ(run("state = \"ok\" or state = \"good\" or \"weird\" = state",
                {"state=ok", "state=good", "state=weird", "state=error"}),
            events({"state=ok", "state=good", "state=weird"}));
  EXPECT_EQ(run("service ~= \"^foo\"", {"", "service=foo", "service=food"}),
            events({"service=foo", "service=food"}));
  Bench bench;
  Texts bad;
  run_stream(bench,
             [&](Spec out) { return where(query("service ~= \"a\""), {out}, {bench.into(bad)}); },
             {"service=cat", "service=dog", "host=x", "service=badger"});
  EXPECT_EQ(bench.flat(), events({"service=cat", "service=badger"}));
  EXPECT_EQ(bad, events({"service=dog", "host=x"}));
}

TEST(WhereStream, a_function_that_fails_is_counted_and_the_next_event_goes_on) {
  Bench bench;
  run_stream(bench,
             [&](Spec out) {
               return where(Predicate("even",
                                      [](const Event& event, WallTime) -> Result<bool> {
                                        if (!event.metric) return Error(Code::invalid, "no metric");
                                        return static_cast<int>(*event.metric) % 2 == 0;
                                      }),
                            {out});
             },
             {"", "metric=1", "metric=2"});
  EXPECT_EQ(bench.flat(), events({"metric=2"}));
  EXPECT_EQ(bench.core.counters().failed, 1u);
}

TEST(OverStream, strictly_greater) {
  EXPECT_EQ(run_stream([](Spec out) { return over(1.5, {out}); },
                       {"metric=0.5", "metric=1", "metric=1.5", "metric=2", "metric=2.5", ""}),
            events({"metric=2", "metric=2.5"}));
}

TEST(UnderStream, strictly_smaller) {
  EXPECT_EQ(run_stream([](Spec out) { return under(1.5, {out}); },
                       {"metric=0.5", "metric=1", "metric=1.5", "metric=2", ""}),
            events({"metric=0.5", "metric=1"}));
}

/// What passes of four events, the last three at second 10.
Texts at_ten(const Make& make) {
  Bench bench;
  bench.build(make);
  bench.run({"time=0 ttl=10", 10s, "time=1 ttl=5", "time=6 ttl=2", "time=10 ttl=2"});
  return bench.flat();
}

TEST(NotExpiredStream, by_state_and_by_time) {
  auto make = [](Spec out) { return not_expired({out}); };
  EXPECT_EQ(run_stream(make, {"state=expired", "state=ok", "state=warning", "state=expired"}),
            events({"state=ok", "state=warning"}));
  EXPECT_EQ(at_ten(make), events({"time=0 ttl=10", "time=10 ttl=2"}));
}

TEST(ExpiredStream, by_state_and_by_time) {
  auto make = [](Spec out) { return expired_only({out}); };
  EXPECT_EQ(run_stream(make, {"state=expired", "state=ok", "state=expired"}),
            events({"state=expired", "state=expired"}));
  EXPECT_EQ(at_ten(make), events({"time=1 ttl=5", "time=6 ttl=2"}));
}

}  // namespace
}  // namespace berth::observe::streams
