#include "observe/kept_series.h"

#include <gtest/gtest.h>

#include "observe/promql/query.h"
#include "os/real_world_suite.h"

namespace berth::observe {
namespace {

constexpr std::int64_t now = 1'764'000'000;

struct StillClock final : Clock {
  MonotonicTime now() const override { return {}; }
  MonotonicTime exact_now() const override { return {}; }
  WallTime wall() const override { return {observe::now * 1'000'000'000}; }
  TimerQueue& timers() override { return timers_; }
  TimerQueue timers_;
};

struct KeptSeriesTest : testing::Test, os::RealWorldBy<StillClock> {
  SeriesStore store{world, Log(), {.folder = "none"}};
  KeptSeries kept{store, clock};

  void count(SeriesKey key, std::int64_t second, double value) {
    store.add(*store.find_or_make(key, SeriesKind::counter), second, value);
  }
  void took(SeriesKey key, std::int64_t second, std::initializer_list<Duration> durations) {
    Histogram histogram;
    for (auto each : durations) histogram.record(static_cast<std::uint64_t>(each.count()));
    store.add(*store.find_or_make(key, SeriesKind::histogram), second, histogram);
  }

  /// The answer at `now`: `{labels} value`, parts by "; ", by labels.
  std::string ask(std::string_view text) {
    auto query = promql::Query::parse(text).value();
    auto times = promql::QueryTimes::at(now * 1000);
    std::vector<std::vector<promql::SampleSeries>> selected;
    for (auto& selection : query.selections(times, {})) {
      auto found = kept.select(std::move(selection), 1'000'000);
      while (found.pending()) ReadyList::current().run();
      selected.push_back(found.take().value());
    }
    auto result = query.evaluate(times, {}, std::move(selected)).value();
    std::ranges::sort(result.series, {}, &promql::SampleSeries::labels);
    std::string out;
    for (auto& series : result.series) {
      if (!out.empty()) out += "; ";
      out += series.labels.text() + " " + promql::value_text(series.samples.front().value);
    }
    return out;
  }
};

TEST_F(KeptSeriesTest, what_was_counted_each_second_is_a_counter_that_grows) {
  for (std::int64_t second = now - 100; second < now; ++second) {
    count({"requests", {{"service", "users"}, {"status", "200"}}}, second, 3);
  }
  EXPECT_EQ(ask("berth_requests_total"),
            R"({__name__="berth_requests_total", service="users", status="200"} 300)");
  EXPECT_EQ(ask("rate(berth_requests_total[1m])"), R"({service="users", status="200"} 3)");
  EXPECT_EQ(ask("requests"), "");
}

TEST_F(KeptSeriesTest, a_counter_that_stands_still_goes_on_and_knows_its_exact_sum) {
  SeriesKey key{"requests", {{"service", "users"}, {"status", "200"}}};
  count(key, now - 600, 5);
  store.add(*store.find_or_make({"requests_total", key.labels}, SeriesKind::gauge), now - 600, 905);
  EXPECT_EQ(ask("berth_requests_total"),
            R"({__name__="berth_requests_total", service="users", status="200"} 905)");
  EXPECT_EQ(ask("increase(berth_requests_total[5m])"), R"({service="users", status="200"} 0)");
  EXPECT_EQ(ask("{__name__=~\".*requests_total\"}"), ask("berth_requests_total"));
}

TEST_F(KeptSeriesTest, a_distribution_is_buckets_sum_and_count_in_seconds) {
  took({"latency", {{"service", "users"}}}, now - 10, {10ms, 20ms, 30ms, 2s});
  EXPECT_EQ(ask("berth_request_duration_seconds_count"),
            R"({__name__="berth_request_duration_seconds_count", service="users"} 4)");
  EXPECT_EQ(ask("berth_request_duration_seconds_sum"),
            R"({__name__="berth_request_duration_seconds_sum", service="users"} 2.06)");
  EXPECT_EQ(ask("berth_request_duration_seconds_bucket{le=\"+Inf\"}"),
            R"({__name__="berth_request_duration_seconds_bucket", le="+Inf", service="users"} 4)");
  EXPECT_EQ(ask("berth_request_duration_seconds_bucket{le=\"0.025165824\"}"),
            R"({__name__="berth_request_duration_seconds_bucket", le="0.025165824", )"
            R"(service="users"} 2)");
  // 20 ms lies between 16.8 and 25.2 ms.
  EXPECT_EQ(ask("histogram_quantile(0.5, berth_request_duration_seconds_bucket) < 0.026 > 0.016"),
            R"({service="users"} 0.025165824)");
}

TEST_F(KeptSeriesTest, a_riemann_services_name_becomes_a_valid_one_and_stays_known) {
  store.add(*store.find_or_make({"gift value.sold", {{"host", "a"}}}, SeriesKind::gauge), now - 5,
            42.5);
  EXPECT_EQ(ask("gift_value_sold"),
            R"({__name__="gift_value_sold", berth_name="gift value.sold", host="a"} 42.5)");
  EXPECT_EQ(metric_name_of("5xx"), "_5xx");
}

TEST_F(KeptSeriesTest, more_samples_than_allowed_are_refused) {
  count({"requests", {{"service", "users"}, {"status", "200"}}}, now - 900, 3);
  auto selection = promql::Query::parse("berth_requests_total[10m]")
                       .value()
                       .selections(promql::QueryTimes::at(now * 1000), {})[0];
  auto found = kept.select(selection, 100);
  while (found.pending()) ReadyList::current().run();
  auto result = found.take();
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(Code::overloaded));
}

}  // namespace
}  // namespace berth::observe
