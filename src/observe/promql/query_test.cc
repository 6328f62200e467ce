#include "observe/promql/query.h"

#include <gtest/gtest.h>

#include "observe/promql/query_suite.h"

// What Prometheus itself answers is compared in tests/e2e/promql_test.py, over hundreds of
// expressions; here are the rules one by one.

namespace berth::promql {
namespace {

TEST(PromqlQuery, a_selector_sees_five_minutes_back_and_ends_at_a_stale_marker) {
  Written series;
  series.add({{"__name__", "x"}, {"job", "a"}}, "1 2 3");
  series.add({{"__name__", "x"}, {"job", "b"}}, "1 s 3");
  EXPECT_EQ(series.ask("x{job=\"a\"}", 29), R"({__name__="x", job="a"} 2)");
  EXPECT_EQ(series.ask("x{job=\"a\"}", 330), R"({__name__="x", job="a"} 3)");
  EXPECT_EQ(series.ask("x{job=\"a\"}", 331), "");
  EXPECT_EQ(series.ask("x{job=\"b\"}", 20), "");
  EXPECT_EQ(series.ask("x{job=\"b\"} offset 15s", 20), R"({__name__="x", job="b"} 1)");
  EXPECT_EQ(series.ask_range("x{job=~\"b|c\"}", 45, 15),
            R"({__name__="x", job="b"} 1@0 3@30 3@45)");
}

TEST(PromqlQuery, rate_adds_resets_and_extends_to_the_windows_bounds) {
  Written series;
  series.add({{"__name__", "c"}}, "0 15 30 5 20");
  // 30 + 20 in 60 s, that is the whole window.
  EXPECT_EQ(series.ask("increase(c[1m])", 60), "{} 50");
  EXPECT_EQ(series.ask("resets(c[1m])", 60), "{} 1");
  EXPECT_EQ(series.ask("irate(c[1m])", 60), "{} 1");
  EXPECT_EQ(series.ask("rate(c[1m])", 0), "");  // one sample
}

TEST(PromqlQuery, vectors_match_by_labels_and_what_matches_twice_is_refused) {
  Written series;
  series.add({{"__name__", "e"}, {"job", "a"}, {"code", "500"}}, "2");
  series.add({{"__name__", "e"}, {"job", "a"}, {"code", "404"}}, "3");
  series.add({{"__name__", "r"}, {"job", "a"}, {"zone", "z"}}, "10");
  EXPECT_EQ(series.ask("e / on(job) group_left(zone) r"),
            R"({code="500", job="a", zone="z"} 0.2; {code="404", job="a", zone="z"} 0.3)");
  EXPECT_EQ(series.ask("e / on(job) r"),
            "multiple matches for labels: many-to-one matching must be explicit "
            "(group_left/group_right)");
  EXPECT_EQ(series.ask("r / on(job) e").find("found duplicate series for the match group"), 0u);
  EXPECT_EQ(series.ask("sum by (job) (e) > 4"), R"({job="a"} 5)");
  EXPECT_EQ(series.ask("r unless on(job) e"), "");
  EXPECT_EQ(series.ask("-{job=\"a\"}").find("vector cannot contain"), std::string::npos);
  EXPECT_EQ(series.ask("label_replace(e, \"code\", \"x\", \"\", \"\")"),
            "vector cannot contain metrics with the same labelset");
}

TEST(PromqlQuery, subqueries_are_evaluated_at_multiples_of_their_step) {
  Written series;
  series.add({{"__name__", "x"}}, "1 2 3 4 5 6 7 8");
  // begin is 20 s behind a whole minute.
  EXPECT_EQ(series.ask("x[1m:30s]", 90), R"({__name__="x"} 3@40 5@70)");
  EXPECT_EQ(series.ask("sum_over_time(x[1m:30s])", 90), "{} 8");
  EXPECT_EQ(series.ask("max_over_time(x[1m:30s] offset 30s)", 90), "{} 3");
}

TEST(PromqlQuery, what_is_held_has_a_limit_and_an_evaluation_can_be_stopped) {
  Written series;
  series.add({{"__name__", "x"}}, "1 2 3 4 5 6 7 8");
  auto query = Query::parse("max_over_time(x[1y:1ms])").value();
  auto much = query.run(series, QueryTimes::at(Written::begin * 1000));
  ASSERT_FALSE(much.ok());
  EXPECT_TRUE(much.error().is(Code::overloaded));
  auto stopped =
      query.run(series, QueryTimes::at(Written::begin * 1000), {.stop = [] { return true; }});
  ASSERT_FALSE(stopped.ok());
  EXPECT_TRUE(Query::parse("x")
                  .value()
                  .run(series, QueryTimes::at(0), {.stop = [] { return true; }})
                  .error()
                  .is(Code::timed_out));
}

TEST(PromqlQuery, selections_reach_as_far_back_as_is_looked) {
  auto query = Query::parse("rate(x[1m]) + max_over_time(y[1h:5m] offset 1d) + z @ 100").value();
  std::int64_t now = 1'700'000'000'000;
  auto selections = query.selections({now, now + 60'000, 10'000}, {});
  ASSERT_EQ(selections.size(), 3u);
  EXPECT_EQ(selections[0].from, now - 60'000);
  EXPECT_EQ(selections[0].to, now + 60'000);
  EXPECT_LE(selections[1].from, now - 25 * 3'600'000 - 100'000);
  EXPECT_LE(selections[1].to, now + 60'000 - 86'400'000);
  EXPECT_EQ(selections[2].to, 100'000);
}

TEST(PromqlQuery, values_are_written_in_full) {
  EXPECT_EQ(value_text(1e21), "1000000000000000000000");
  EXPECT_EQ(value_text(9223372036854775808.0), "9223372036854776000");
  EXPECT_EQ(value_text(-9007199254740993.0), "-9007199254740992");
  EXPECT_EQ(value_text(0.1), "0.1");
  EXPECT_EQ(value_text(-1e-7), "-0.0000001");
}

}  // namespace
}  // namespace berth::promql
