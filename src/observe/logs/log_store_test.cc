#include "observe/logs/log_store.h"

#include <gtest/gtest.h>

#include "async/clock.h"
#include "observe/logs/log_suite.h"
#include "sim/simulation.h"

// The store on a simulated host, whose process is killed, whose power goes, whose disk is full.

namespace berth::observe {
namespace {

struct LogStoreTest : testing::Test {
  sim::Simulation simulation{11};
  sim::Host& host = simulation.add_host("store");
  LogStoreOptions options{
      .folder = "/lines", .kept = std::chrono::hours(24 * 365 * 200), .block_bytes_max = 64 << 10};
  std::unique_ptr<LogStore> store;
  ShopLines shop;
  std::uint64_t next = 0;

  template <class T>
  auto run(Deferred<T> work) {
    auto result = simulation.run(std::move(work));
    EXPECT_TRUE(result.ok()) << result.error().text();
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
  }

  LogStoreTest() { open(); }
  void open() {
    store = std::make_unique<LogStore>(host.world(), Log(), options);
    run(store->open());
  }
  /// kill -9: what is under way goes, what was written stays.
  void kill() { store.reset(); }

  void append(std::uint64_t lines) {
    for (std::uint64_t i = 0; i < lines; ++i) store->append(shop.make(next++));
  }
  void add(std::uint64_t lines) {
    append(lines);
    run(store->commit());
  }
  LogAnswer search(std::string_view query, std::size_t most = 100'000, LineRange range = {}) {
    return run(store->search({LogQuery::parse(query).value(), range, most}));
  }
  std::size_t found(std::string_view query) { return search(query).lines.size(); }
};

TEST_F(LogStoreTest, lines_are_found_newest_first_in_memory_and_in_blocks) {
  add(5000);
  simulation.run_for(5s);
  EXPECT_GT(store->segments(), 0u);
  EXPECT_EQ(store->lines_kept(), 5000u);
  auto answer = search("");
  ASSERT_EQ(answer.lines.size(), 5000u);
  for (std::size_t i = 0; i < 5000; ++i) {
    StoredLine line = shop.make(4999 - i);
    ASSERT_EQ(answer.lines[i].text, line.text);
    ASSERT_EQ(answer.lines[i].time, line.time);
    ASSERT_EQ(answer.lines[i].source.instance, line.instance);
  }
  EXPECT_EQ(found("level:error"), 500u);
  EXPECT_EQ(found("service:orders"), 1667u);
  EXPECT_EQ(found("\"payment refused\" level:error service:users"), 167u);
  EXPECT_EQ(found("/request \\d+5\\d /"), 49u);
  EXPECT_EQ(found("trace:trace4321"), 1u);
  EXPECT_EQ(found("\"Orders.java:17\""), 5u);
  EXPECT_EQ(found("level>=warn -payment"), 500u);
}

TEST_F(LogStoreTest, a_rare_word_is_found_without_reading_the_other_blocks) {
  auto half = [this] {
    for (int i = 0; i < 5; ++i) {
      append(2000);
      run(store->pack_now());
    }
  };
  half();
  store->append({{ShopLines::begin},
                 "laptop",
                 "orders",
                 "orders/1",
                 LogLevel::info,
                 "the needle 5d41402abc4b",
                 {}});
  half();
  auto answer = search("5d41402abc4b");
  EXPECT_EQ(answer.lines.size(), 1u);
  EXPECT_GE(answer.blocks, 20u);
  EXPECT_LE(answer.blocks_read, 3u);
  EXPECT_LE(search("/NEEDLE \\d/i").blocks_read, 3u);
}

TEST_F(LogStoreTest, pages_join_without_a_gap_or_a_line_twice) {
  append(3000);
  for (int i = 0; i < 50; ++i) {  // of one time
    store->append({{ShopLines::begin + 500'000'000}, "", "x", "", LogLevel::info, "same", {}});
  }
  run(store->pack_now());
  append(500);
  std::vector<std::uint64_t> sequences;
  LineRange range;
  for (;;) {
    auto answer = search("", 77, range);
    for (auto& line : answer.lines) sequences.push_back(line.sequence);
    if (!answer.more) break;
    range.before = answer.more;
  }
  EXPECT_EQ(sequences.size(), 3550u);
  std::ranges::sort(sequences);
  EXPECT_EQ(std::ranges::adjacent_find(sequences), sequences.end());
}

TEST_F(LogStoreTest, a_time_bounds_the_search_and_the_histogram_counts_all) {
  add(5000);
  LineRange range{ShopLines::begin + 1'000'000'000, ShopLines::begin + 2'000'000'000, {}};
  EXPECT_EQ(search("", 10'000, range).lines.size(), 1000u);
  LogHistogram wanted{ShopLines::begin, 1'000'000'000,
                      std::vector<std::array<std::uint64_t, 4>>(5)};
  for (int turn = 0; turn < 2; ++turn) {
    auto all = run(store->count(LogQuery(), wanted));
    EXPECT_EQ(all.lines, 5000u);
    for (auto& step : all.histogram.counts) {
      EXPECT_EQ(step[static_cast<std::size_t>(LogLevel::error)], 100u);
      EXPECT_EQ(step[static_cast<std::size_t>(LogLevel::info)], 800u);
    }
    auto some = run(store->count(LogQuery::parse("retry").value(), wanted));
    EXPECT_EQ(some.lines, 500u);
    run(store->pack_now());
  }
}

TEST_F(LogStoreTest, the_lines_with_the_largest_number_are_found_in_memory_and_in_blocks) {
  for (int turn = 0; turn < 3; ++turn) {
    for (int i = 0; i < 1000; ++i) {
      std::string seconds = std::to_string((i * 7919 + turn * 333) % 3000) + ".5";
      if (i == 500) seconds = "soon";
      LogLineField fields[] = {{"kind", "request"}, {"seconds", seconds}};
      store->append({{i}, "", "users", "", LogLevel::info, "a request", fields});
    }
    if (turn < 2) run(store->pack_now());
  }
  auto answer = run(store->largest({LogQuery::parse("kind=request").value(), {}, 5}, "seconds"));
  ASSERT_EQ(answer.lines.size(), 5u);
  double last = 1e9;
  for (auto& line : answer.lines) {
    double seconds = std::stod(line.fields.at(1).second);
    EXPECT_LE(seconds, last);
    last = seconds;
  }
  EXPECT_GT(last, 2980);
  EXPECT_EQ(answer.blocks_read, 3u);
}

TEST_F(LogStoreTest, what_was_committed_is_there_once_after_a_kill) {
  for (int turn = 0; turn < 5; ++turn) {
    add(700);
    if (turn % 2 == 1) simulation.run_for(3s);
    append(20);  // not committed
    std::uint64_t sequence = search("", 1).lines.at(0).sequence;
    kill();
    open();
    next -= 20;
    std::size_t count = found("");
    EXPECT_EQ(count, next);
    EXPECT_GE(store->next_sequence(), sequence - 20);
  }
  auto lines = search("").lines;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(lines[i].text, shop.make(next - 1 - i).text);
  }
}

TEST_F(LogStoreTest, a_power_loss_costs_no_more_than_what_was_not_synced) {
  add(2000);
  simulation.run_for(11s);  // synced
  append(500);
  host.crash();
  kill();
  host.start();
  open();
  std::size_t left = found("");
  EXPECT_GE(left, 2000u);
  EXPECT_LE(left, 2500u);
  add(1000);
  EXPECT_EQ(found(""), left + 1000);
}

TEST_F(LogStoreTest, a_block_whose_sync_failed_is_stored_again_and_read_once) {
  host.disk.faults.sync_fails = 0.5;
  add(5000);
  simulation.run_for(30s);
  EXPECT_EQ(found(""), 5000u);
  host.disk.faults.sync_fails = 0;
  simulation.run_for(5s);
  EXPECT_GT(store->counters().disk_refusals, 0u);
  kill();
  open();
  EXPECT_EQ(found(""), 5000u);
}

TEST_F(LogStoreTest, a_full_disk_loses_the_oldest_and_appending_goes_on) {
  options.segment_bytes_max = 64 << 10;
  kill();
  host.disk.faults.bytes_max = 300 << 10;
  open();
  for (int turn = 0; turn < 40; ++turn) {
    append(1000);
    simulation.run_for(2s);
  }
  EXPECT_GT(store->counters().segments_removed, 0u);
  EXPECT_GT(store->counters().disk_refusals, 0u);
  EXPECT_EQ(store->counters().lines, 40'000u);
  auto lines = search("").lines;
  ASSERT_GT(lines.size(), 5000u);
  // The newest are there without a gap.
  for (std::size_t i = 0; i < 5000; ++i) ASSERT_EQ(lines[i].text, shop.make(39'999 - i).text) << i;
  auto& counters = store->counters();
  EXPECT_EQ(lines.size() + counters.lines_removed + counters.dropped, 40'000u);
}

TEST_F(LogStoreTest, a_disk_that_refuses_all_costs_the_oldest_in_memory) {
  options.batches_max = 3;
  kill();
  open();
  host.disk.faults.bytes_max = 1;
  for (int turn = 0; turn < 20; ++turn) {
    append(1000);
    simulation.run_for(500ms);
  }
  EXPECT_GT(store->counters().dropped, 0u);
  std::size_t there = found("");
  EXPECT_EQ(there + store->counters().dropped, 20'000u);
  EXPECT_EQ(search("", 1).lines.at(0).text, shop.make(19'999).text);
  EXPECT_FALSE(simulation.run(store->commit()).ok());
  host.disk.faults.bytes_max = 1 << 30;
  simulation.run_for(5s);
  run(store->commit());
  kill();
  open();
  EXPECT_EQ(found(""), there);
}

TEST_F(LogStoreTest, old_segments_and_those_beyond_the_bytes_go) {
  options.segment_bytes_max = 32 << 10;
  options.bytes_max = 200 << 10;
  shop.first = host.world().clock.wall().nanoseconds - 3'600'000'000'000;
  kill();
  open();
  for (int turn = 0; turn < 10; ++turn) {
    append(3000);
    simulation.run_for(11s);
  }
  EXPECT_LE(store->bytes_on_disk(), 300u << 10);
  EXPECT_GT(store->counters().segments_removed, 0u);
  EXPECT_EQ(store->lines_kept() + store->counters().lines_removed, 30'000u);
  kill();
  options.kept = 10min;
  open();
  append(3000);
  simulation.run_for(12s);
  EXPECT_EQ(store->segments(), 1u);
}

TEST_F(LogStoreTest, who_follows_gets_each_matching_line_once) {
  std::uint64_t place = store->next_sequence();
  auto query = LogQuery::parse("level:error").value();
  auto waiting = store->appended(place);
  EXPECT_TRUE(waiting.pending());
  std::size_t got = 0;
  for (int turn = 0; turn < 10; ++turn) {
    append(100);
    run(store->appended(place));
    auto followed = run(store->follow(query, place));
    EXPECT_EQ(followed.lost, 0u);
    EXPECT_GT(followed.next, place);
    place = followed.next;
    got += followed.lines.size();
  }
  EXPECT_EQ(got, 100u);
  run(std::move(waiting));
  append(3000);
  run(store->pack_now());
  append(10);
  auto followed = run(store->follow(query, place));
  EXPECT_EQ(followed.lost, 3000u);
  EXPECT_EQ(followed.lines.size(), 1u);
}

TEST_F(LogStoreTest, long_lines_are_cut_between_characters_and_counted) {
  options.text_bytes_max = 20;
  options.field_bytes_max = 5;
  options.fields_max = 1;
  kill();
  open();
  LogLineField fields[] = {{"name", "sieben7"}, {"more", "x"}};
  store->append({{1}, "", "s", "", LogLevel::info, "ääääääääääääääää", fields});
  auto lines = search("").lines;
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].text, "ääääääää…");
  EXPECT_EQ(lines[0].fields.size(), 1u);
  EXPECT_EQ(lines[0].fields[0].second, "siebe");
  EXPECT_EQ(store->counters().cut, 1u);
}

TEST_F(LogStoreTest, too_many_searches_are_refused) {
  options.searches_max = 1;
  options.waiting_searches_max = 2;
  kill();
  open();
  add(100);
  auto ask = [&] { return store->search({LogQuery(), {}, 10}); };
  auto a = ask();
  auto b = ask();
  auto c = ask();
  auto d = simulation.run(ask());
  ASSERT_FALSE(d.ok());
  EXPECT_TRUE(d.error().is(Code::overloaded));
  EXPECT_EQ(run(std::move(a)).lines.size(), 10u);
  EXPECT_EQ(run(std::move(b)).lines.size(), 10u);
  EXPECT_EQ(run(std::move(c)).lines.size(), 10u);
}

}  // namespace
}  // namespace berth::observe
