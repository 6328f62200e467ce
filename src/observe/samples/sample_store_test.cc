#include "observe/samples/sample_store.h"

#include <gtest/gtest.h>
#include <snappy.h>

#include "base/varint.h"
#include "observe/promql/query.h"
#include "observe/samples/remote_write.h"
#include "observe/samples/rollup.h"
#include "sim/simulation.h"

// The store on a simulated host, whose process is killed and whose power goes.

namespace berth::observe {
namespace {

using promql::Labels;
using promql::Sample;

constexpr std::int64_t begin = 1'700'006'400'000;  // a whole span
constexpr std::int64_t hour = 3'600'000;

Labels named(int i) {
  return Labels({{"__name__", "x"}, {"instance", std::to_string(i)}, {"job", i % 2 ? "a" : "b"}});
}

struct SampleStoreTest : testing::Test {
  sim::Simulation simulation{7};
  sim::Host& host = simulation.add_host("store");
  SampleStoreOptions options{.folder = "/samples", .kept = 1'000'000 * hour};
  std::unique_ptr<SampleStore> store;

  template <class T>
  auto run(Deferred<T> work) {
    auto result = simulation.run(std::move(work));
    EXPECT_TRUE(result.ok()) << result.error().text();
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
  }

  SampleStoreTest() { open(); }
  void open() {
    store = std::make_unique<SampleStore>(host.world(), Log(), options);
    run(store->open());
  }
  /// kill -9: what is under way goes, what was written stays.
  void kill() { store.reset(); }

  Result<void> add(int series, std::int64_t time, double value) {
    HeadSeries* found = TRY(store->series(named(series)));
    return store->append(*found, {time, value});
  }
  /// Each of `series` once a minute.
  void fill(int series, std::int64_t from, std::int64_t to) {
    for (std::int64_t time = from; time < to; time += 60'000) {
      for (int i = 0; i < series; ++i) {
        ASSERT_TRUE(add(i, time, static_cast<double>(time / 1000 % 1000 + i)).ok());
      }
    }
    run(store->commit());
  }
  std::vector<promql::SampleSeries> select(std::string_view text, std::int64_t from,
                                           std::int64_t to) {
    auto query = promql::Query::parse(text).value();
    auto selection = query.selections(promql::QueryTimes::at(0), {})[0];
    selection.from = from;
    selection.to = to;
    return run(store->select(selection, 1'000'000));
  }
  std::size_t count(std::int64_t from = 0, std::int64_t to = begin * 2) {
    std::size_t sum = 0;
    for (auto& series : select("x", from, to)) {
      sum += series.samples.size();
      for (std::size_t i = 1; i < series.samples.size(); ++i) {
        EXPECT_GT(series.samples[i].time, series.samples[i - 1].time);
      }
      for (auto& sample : series.samples) {
        int i = std::stoi(std::string(series.labels.value("instance")));
        EXPECT_EQ(sample.value, static_cast<double>(sample.time / 1000 % 1000 + i));
      }
    }
    return sum;
  }
};

TEST_F(SampleStoreTest, what_was_committed_is_there_after_a_kill) {
  fill(10, begin, begin + hour);
  ASSERT_TRUE(add(0, begin + hour, 0).ok());  // not committed
  kill();
  open();
  EXPECT_EQ(count(0, begin + hour - 1), 600u);
  fill(10, begin + hour, begin + 2 * hour);
  kill();
  open();
  EXPECT_EQ(count(), 1200u);
  EXPECT_EQ(select("x{job=\"a\"}", begin, begin + 60'000).size(), 5u);
  EXPECT_TRUE(select("x{job=\"c\"}", begin, begin + hour).empty());
}

TEST_F(SampleStoreTest, what_is_old_goes_to_blocks_and_its_log_goes) {
  fill(5, begin, begin + 7 * hour);
  run(store->cut(begin + 6 * hour));
  EXPECT_EQ(store->blocks(), 3u);
  EXPECT_EQ(count(), 5u * 7 * 60);
  EXPECT_EQ(count(begin + 90 * 60'000, begin + 150 * 60'000), 5u * 61);
  fill(5, begin + 7 * hour, begin + 8 * hour);
  kill();
  open();
  EXPECT_EQ(store->blocks(), 3u);
  EXPECT_EQ(count(), 5u * 8 * 60);
  run(store->cut(begin + 8 * hour));
  kill();
  open();
  EXPECT_EQ(count(), 5u * 8 * 60);
  std::size_t logs = 0;
  for (auto& entry : run(host.world().disk.list("/samples"))) logs += entry.name.starts_with("log");
  EXPECT_LE(logs, 3u);
}

TEST_F(SampleStoreTest, it_cuts_by_itself_rolls_up_old_days_and_forgets_old_rollups) {
  options.kept = 30 * hour;
  options.rollups_kept = 100 * hour;
  kill();
  open();
  std::int64_t now = host.world().clock.wall().nanoseconds / 1'000'000;
  std::int64_t first = now - 200 * hour;
  fill(3, first, now);
  simulation.run_for(5min);
  EXPECT_GE(store->blocks(), 14u);  // 30 hours less the 3 in memory, and the rest of a day
  EXPECT_LE(store->blocks(), 26u);
  EXPECT_GE(store->rollups(), 2u);
  EXPECT_LE(store->rollups(), 4u);
  for (int turn = 0; turn < 2; ++turn) {
    auto kept = select("x", 0, now * 2);
    ASSERT_EQ(kept.size(), 3u);
    auto& samples = kept[0].samples;
    EXPECT_LT(samples.front().time, now - 70 * hour);
    EXPECT_GT(samples.front().time, now - 130 * hour);
    for (std::size_t i = 1; i < samples.size(); ++i) {
      ASSERT_GT(samples[i].time, samples[i - 1].time);
      ASSERT_LE(samples[i].time - samples[i - 1].time, 300'000);
      ASSERT_EQ(samples[i].value,
                static_cast<double>(samples[i].time / 1000 % 1000 +
                                    std::stoi(std::string(kept[0].labels.value("instance")))));
    }
    auto counts = select("x{__rollup__=\"count\",instance=\"1\"}", 0, now * 2);
    ASSERT_EQ(counts.size(), 1u);
    EXPECT_EQ(counts[0].samples.at(5).value, 5);  // one a minute
    kill();
    open();
  }
}

TEST_F(SampleStoreTest, a_torn_end_is_cut_and_the_rest_is_there) {
  fill(10, begin, begin + hour);
  host.crash();
  kill();
  host.start();
  open();
  std::size_t left = count();
  EXPECT_LE(left, 600u);
  fill(10, begin + hour, begin + 2 * hour);
  simulation.run_for(11s);  // synced
  host.crash();
  kill();
  host.start();
  open();
  EXPECT_EQ(count(), left + 600);
}

TEST_F(SampleStoreTest, time_only_goes_on_and_the_same_again_is_fine) {
  ASSERT_TRUE(add(1, begin + 1000, 5).ok());
  EXPECT_TRUE(add(1, begin + 1000, 5).ok());
  EXPECT_TRUE(add(1, begin + 1000, 6).error().is(Code::conflict));
  EXPECT_TRUE(add(1, begin, 5).error().is(Code::conflict));
  std::int64_t now = host.world().clock.wall().nanoseconds / 1'000'000;
  EXPECT_TRUE(add(1, now + hour, 5).error().is(Code::conflict));
  EXPECT_TRUE(add(1, INT64_MIN, 5).error().is(Code::conflict));
  EXPECT_TRUE(add(1, INT64_MAX, 5).error().is(Code::conflict));
  EXPECT_EQ(store->counters().duplicates, 1u);
  EXPECT_EQ(store->counters().out_of_order, 4u);
  EXPECT_EQ(store->counters().samples, 1u);
}

TEST_F(SampleStoreTest, too_many_series_are_refused_with_who_has_them) {
  options.series_max = 20;
  kill();
  open();
  ASSERT_TRUE(store->series(Labels({{"__name__", "up"}})).ok());
  int taken = 0;
  while (add(taken, begin, 1).ok()) ++taken;
  EXPECT_EQ(taken, 20);
  auto refused = add(100, begin, 1);
  EXPECT_TRUE(refused.error().is(Code::overloaded));
  EXPECT_NE(refused.error().text().find("x has 20 series, and its label instance 20 values"),
            std::string::npos)
      << refused.error().text();
  EXPECT_TRUE(add(3, begin + 1, 1).ok());  // those that are there go on
}

TEST_F(SampleStoreTest, a_full_disk_refuses_and_nothing_is_lost_when_it_has_room_again) {
  fill(2, begin, begin + hour);
  host.disk.faults.bytes_max = 1;
  ASSERT_TRUE(add(0, begin + hour, (begin + hour) / 1000 % 1000).ok());
  EXPECT_FALSE(simulation.run(store->commit()).ok());
  host.disk.faults.bytes_max = 1 << 30;
  run(store->commit());
  kill();
  open();
  EXPECT_EQ(count(), 121u);
}

TEST(Rollup, each_five_minutes_become_last_count_sum_least_and_most) {
  Rollup rollup;
  std::vector<Sample> samples = {{begin, 5},
                                 {begin + 60'000, 1},
                                 {begin + 299'999, 3},
                                 {begin + 300'000, promql::stale_marker},
                                 {begin + 900'000, 7}};
  rollup.add(samples);
  ASSERT_EQ(rollup.folds[0].size(), 3u);
  EXPECT_EQ(rollup.folds[0][0].time, begin + 299'999);
  EXPECT_EQ(rollup.folds[0][0].value, 3);
  EXPECT_TRUE(promql::is_stale(rollup.folds[0][1].value));
  ASSERT_EQ(rollup.folds[1].size(), 2u);
  EXPECT_EQ(rollup.folds[1][0].value, 3);
  EXPECT_EQ(rollup.folds[2][0].value, 9);
  EXPECT_EQ(rollup.folds[3][0].value, 1);
  EXPECT_EQ(rollup.folds[4][0].value, 5);
  EXPECT_EQ(rollup.folds[4][1].value, 7);
}

// Remote write.

void append_field(std::string& out, std::uint64_t number, std::string_view bytes) {
  append_varint(out, number << 3 | 2);
  append_varint(out, bytes.size());
  out += bytes;
}

std::string series_message(const Labels& labels, std::initializer_list<Sample> samples) {
  std::string series;
  for (auto& label : labels) {
    std::string pair;
    append_field(pair, 1, label.name);
    append_field(pair, 2, label.value);
    append_field(series, 1, pair);
  }
  for (auto& sample : samples) {
    std::string each = "\x09";
    each.append(reinterpret_cast<const char*>(&sample.value), 8);
    each += '\x10';
    append_varint(each, static_cast<std::uint64_t>(sample.time));
    append_field(series, 2, each);
  }
  std::string out;
  append_field(out, 1, series);
  return out;
}

std::string packed(std::string_view text) {
  std::string out;
  snappy::Compress(text.data(), text.size(), &out);
  return out;
}

TEST_F(SampleStoreTest, remote_write_takes_what_is_good_and_tells_of_the_rest) {
  RemoteWriteReader reader(*store);
  for (int turn = 0; turn < 3; ++turn) {
    std::string body = series_message(named(1), {{begin + turn, 1}, {begin + turn, 2}}) +
                       series_message(named(2), {{begin + turn, 3}});
    auto outcome = reader.read(packed(body));
    ASSERT_TRUE(outcome.ok()) << outcome.error().text();
    EXPECT_EQ(outcome->taken, 2u);
    EXPECT_EQ(outcome->refused, 1u);
    EXPECT_FALSE(outcome->later);
    EXPECT_NE(outcome->first.find("duplicate sample for timestamp"), std::string::npos);
  }
  EXPECT_EQ(store->series_in_memory(), 2u);
  EXPECT_EQ(reader.read(packed(series_message(Labels({{"job", "x"}}), {{begin, 1}})))->refused, 1u);
  EXPECT_FALSE(reader.read("no snappy").ok());
  EXPECT_FALSE(reader.read(packed("\x0a\xff")).ok());
}

}  // namespace
}  // namespace berth::observe
