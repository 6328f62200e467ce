#include "observe/counted_series.h"

#include <gtest/gtest.h>

#include "async/clock.h"
#include "observe/all_series.h"
#include "observe/promql/query.h"
#include "sim/simulation.h"

namespace berth::observe {
namespace {

const SeriesKey users{"requests", {{"service", "users"}, {"status", "200"}}};
const SeriesKey latency{"latency", {{"service", "users"}}};

struct CountedSeriesTest : testing::Test {
  sim::Simulation simulation{3};
  sim::Host& host = simulation.add_host("here");
  SampleStoreOptions options{.folder = "/samples"};
  std::unique_ptr<SampleStore> store;
  std::unique_ptr<CountedSeries> series;

  void SetUp() override { start(); }
  void TearDown() override {
    if (store) EXPECT_TRUE(simulation.run(store->close()).ok());
  }
  void start() {
    series.reset();
    store = std::make_unique<SampleStore>(host.world(), Log(), options);
    ASSERT_TRUE(simulation.run(store->open()).ok());
    series = std::make_unique<CountedSeries>(host.world(), Log(), *store);
    series->resume();
  }
  std::int64_t now() { return host.clock.wall().nanoseconds / 1'000'000'000; }
  /// The next seconds, each with so many requests, that took so long.
  void pass(int seconds, int requests, Duration took = 10ms) {
    for (int i = 0; i < seconds; ++i) {
      std::int64_t second = now();
      simulation.run_for(1s);
      Histogram recorded;
      if (requests > 0) {
        recorded.record(static_cast<std::uint64_t>(took.count()),
                        static_cast<std::uint64_t>(requests));
      }
      series->count(users, requests, second);
      series->record(latency, recorded, second);
      series->end_second(second);
      ASSERT_TRUE(simulation.run(series->commit()).ok());
    }
  }
  /// All that was counted, by whatever resolution is kept.
  double sum(std::int64_t from, std::int64_t to) {
    auto loaded = simulation.run(series->load({{"requests"}, "", from, to})).value();
    auto answers = loaded.query({"requests", {}, {"service"}, Fold::value, from, to, to - from});
    double all = 0;
    for (auto& answer : answers.value()) {
      for (double point : answer.points) all += std::isnan(point) ? 0 : point;
    }
    return all;
  }
  double fold(Fold fold, std::int64_t from, std::int64_t to) {
    auto loaded = simulation.run(series->load({{"latency"}, "users", from, to})).value();
    auto answers = loaded.query({"latency", {}, {"service"}, fold, from, to, to - from}).value();
    return answers.empty() ? std::nan("") : answers[0].points[0];
  }
  /// The answer at this second: `{labels} value`, parts by "; ", by labels.
  std::string ask(std::string_view text) {
    AllSeries all(*store);
    auto query = promql::Query::parse(text).value();
    auto times = promql::QueryTimes::at(now() * 1000);
    std::vector<std::vector<promql::SampleSeries>> selected;
    for (auto& selection : query.selections(times, {})) {
      selected.push_back(simulation.run(all.select(std::move(selection), 1'000'000)).value());
    }
    auto result = query.evaluate(times, {}, std::move(selected)).value();
    std::ranges::sort(result.series, {}, &promql::SampleSeries::labels);
    std::string out;
    for (auto& each : result.series) {
      if (!out.empty()) out += "; ";
      out += each.labels.text() + " " + promql::value_text(each.samples.front().value);
    }
    return out;
  }
};

TEST_F(CountedSeriesTest, what_was_counted_each_second_is_a_counter_that_grows) {
  pass(100, 3);
  EXPECT_EQ(ask("berth_requests_total"),
            R"({__name__="berth_requests_total", service="users", status="200"} 300)");
  EXPECT_EQ(ask("rate(berth_requests_total[1m])"), R"({service="users", status="200"} 3)");
  EXPECT_EQ(ask("increase(berth_requests_total[100s])"), R"({service="users", status="200"} 300)");
  EXPECT_EQ(ask("requests"), "");
}

TEST_F(CountedSeriesTest, a_counter_that_stands_still_goes_on) {
  pass(10, 3);
  pass(600, 0);
  EXPECT_EQ(ask("berth_requests_total"),
            R"({__name__="berth_requests_total", service="users", status="200"} 30)");
  EXPECT_EQ(ask("rate(berth_requests_total[1m])"), R"({service="users", status="200"} 0)");
  std::int64_t to = now();
  EXPECT_EQ(sum(to - 600, to), 0);
  EXPECT_EQ(sum(to - 601, to), 3);
}

TEST_F(CountedSeriesTest, what_stands_still_is_written_every_15_seconds) {
  pass(7, 1);
  pass(150, 0);
  EXPECT_EQ(ask("count_over_time(berth_requests_total[149s])"),
            R"({service="users", status="200"} 10)");
  EXPECT_EQ(ask("count_over_time(berth_request_duration_seconds_count[149s])"),
            R"({service="users"} 10)");
}

TEST_F(CountedSeriesTest, a_place_finds_its_series_anew_when_it_has_rested) {
  const SeriesKey bytes{"bytes_in", {{"service", "users"}}};
  CountedSeries::Place place;
  int made = 0;
  auto count = [&](double value) {
    std::int64_t second = now();
    simulation.run_for(1s);
    auto key = [&] {
      ++made;
      return bytes;
    };
    series->count(place, key, value, second);
    series->end_second(second);
  };
  for (int i = 0; i < 5; ++i) count(10);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(series->newest(bytes), 50);
  simulation.run_for(25h);
  count(0);
  EXPECT_EQ(series->newest(bytes), std::nullopt);
  count(7);
  count(7);
  EXPECT_EQ(made, 2);
  EXPECT_EQ(series->size(), 1U);
  EXPECT_EQ(series->newest(bytes), 64);  // where it rested
}

TEST_F(CountedSeriesTest, a_distribution_is_buckets_sum_and_count_in_seconds) {
  pass(1, 2, 10ms);
  pass(1, 1, 20ms);
  pass(1, 1, 2s);
  EXPECT_EQ(ask("berth_request_duration_seconds_count"),
            R"({__name__="berth_request_duration_seconds_count", service="users"} 4)");
  EXPECT_EQ(ask("berth_request_duration_seconds_sum"),
            R"({__name__="berth_request_duration_seconds_sum", service="users"} 2.04)");
  EXPECT_EQ(ask("berth_request_duration_seconds_bucket{le=\"+Inf\"}"),
            R"({__name__="berth_request_duration_seconds_bucket", le="+Inf", service="users"} 4)");
  EXPECT_EQ(ask("{le=\"0.025165824\"}"),
            R"({__name__="berth_request_duration_seconds_bucket", le="0.025165824", )"
            R"(service="users"} 3)");
  EXPECT_EQ(ask("histogram_quantile(0.7, berth_request_duration_seconds_bucket) < 0.026 > 0.016"),
            R"({service="users"} 0.0234881024)");
  EXPECT_EQ(ask("berth_request_duration_seconds"), "");
}

TEST_F(CountedSeriesTest, sums_and_distributions_outlive_kill_9) {
  pass(50, 2);
  std::int64_t begin = now() - 50;
  start();  // nothing was closed
  simulation.run_for(30s);
  pass(10, 5, 40ms);
  EXPECT_EQ(sum(begin, now()), 150);
  EXPECT_EQ(ask("berth_requests_total"),
            R"({__name__="berth_requests_total", service="users", status="200"} 150)");
  EXPECT_EQ(fold(Fold::count, begin, now()), 150);
  EXPECT_NEAR(fold(Fold::p50, begin, now()), 0.010, 0.0001);
  EXPECT_NEAR(fold(Fold::p99, begin, now()), 0.040, 0.0004);
  EXPECT_EQ(ask("berth_request_duration_seconds_bucket{le=\"+Inf\"} - ignoring(le, __name__) "
                "berth_request_duration_seconds_count"),
            R"({service="users"} 0)");
}

TEST_F(CountedSeriesTest, blocks_keep_tens_of_seconds_and_rollups_minutes_of_all_that_was_counted) {
  options.kept = 2 * 86'400'000;
  TearDown();
  start();
  pass(40, 7);
  std::int64_t begin = now() - 40;
  for (int day = 0; day < 5; ++day) {
    pass(30, 1, 80ms);
    simulation.run_for(24h);
  }
  pass(1, 1);
  simulation.run_for(1min);
  EXPECT_GE(store->rollups(), 1U);
  EXPECT_EQ(series->resolution(begin), 300);
  EXPECT_EQ(sum(begin - 1000, now()), 40 * 7 + 5 * 30 + 1);
  EXPECT_EQ(fold(Fold::count, begin - 1000, now()), 40 * 7 + 5 * 30 + 1);
  EXPECT_NEAR(fold(Fold::p50, begin - 1000, now()), 0.010, 0.0001);
  EXPECT_NEAR(fold(Fold::p99, begin - 1000, now()), 0.080, 0.0008);
  start();
  EXPECT_EQ(fold(Fold::count, begin - 1000, now()), 40 * 7 + 5 * 30 + 1);
}

TEST_F(CountedSeriesTest, a_riemann_services_name_becomes_a_valid_one_and_stays_known) {
  auto labels = labels_of_name("gift value.sold", {{"host", "a"}});
  simulation.run_for(1s);
  ASSERT_TRUE(store->append(**store->series(labels), {now() * 1000, 42.5}).ok());
  EXPECT_EQ(ask("gift_value_sold"),
            R"({__name__="gift_value_sold", berth_name="gift value.sold", host="a"} 42.5)");
  EXPECT_EQ(metric_name_of("5xx"), "_5xx");
  EXPECT_EQ(series->event_names(), std::set<std::string>{"gift value.sold"});
  auto loaded = series->recent({{"gift value.sold"}, "", now() - 10, now() + 1});
  auto answers = loaded.query({"gift value.sold", {}, {}, Fold::value, now() - 10, now() + 1, 11});
  ASSERT_EQ(answers.value().size(), 1U);
  EXPECT_EQ(answers.value()[0].points, std::vector<double>{42.5});
}

TEST_F(CountedSeriesTest, what_others_write_under_our_names_is_not_counted_as_ours) {
  pass(10, 1);
  auto other = promql::Labels({{"__name__", "berth_requests_total"},
                               {"instance", "b"},
                               {"service", "users"},
                               {"status", "200"}});
  ASSERT_TRUE(store->append(**store->series(other), {now() * 1000 - 5000, 5}).ok());
  ASSERT_TRUE(store->append(**store->series(other), {now() * 1000, 500}).ok());
  EXPECT_EQ(sum(now() - 20, now()), 10);
}

}  // namespace
}  // namespace berth::observe
