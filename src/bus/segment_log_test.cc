#include "bus/segment_log.h"

#include <algorithm>
#include <fstream>

#include "async/gather.h"
#include "bus/bus_suite.h"

namespace berth::bus {
namespace {

struct SegmentLogTest : ::testing::Test {
  RealWorld real;
  TemporaryFolder folder;
  std::vector<std::string> found;   // at open
  std::vector<std::string> synced;  // afterwards
  std::vector<std::uint64_t> sequences;
  std::unique_ptr<SegmentLog> log;

  Result<void> open(std::uint64_t least = 1, std::uint64_t segment_bytes = 64 << 20) {
    found.clear();
    SegmentLogOptions options{.folder = folder.path + "/log", .segment_bytes = segment_bytes};
    log = std::make_unique<SegmentLog>(real.world, Log(), options, [this](const LogRecord& record) {
      synced.emplace_back(record.payload);
      sequences.push_back(record.sequence);
    });
    return real.run(log->open(least, [this](const LogRecord& record) -> Result<void> {
      EXPECT_EQ(record.sequence, found.size() + first);
      found.emplace_back(record.payload);
      return {};
    }));
  }
  std::uint64_t first = 1;
  Result<void> append(const std::string& text) { return real.run(log->append(text, "!")); }
  std::vector<std::string> files() const {
    std::vector<std::string> paths;
    for (auto& entry : std::filesystem::directory_iterator(folder.path + "/log")) {
      paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
  }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void set_content(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
};

TEST_F(SegmentLogTest, what_was_appended_is_read_back_in_order) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 5; i++) ASSERT_TRUE(append("message " + std::to_string(i)).ok());
  EXPECT_EQ(synced.size(), 5u);
  for (int round = 0; round < 3; round++) {
    ASSERT_TRUE(open(6).ok());
    ASSERT_EQ(found.size(), 5u);
    EXPECT_EQ(found[4], "message 4!");
    EXPECT_EQ(log->next_sequence(), 6u);
  }
  EXPECT_LE(files().size(), 2u);  // those without a record are removed
}

TEST_F(SegmentLogTest, those_that_wait_share_one_write_and_one_sync) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append("warm").ok());
  int writes = real.watched.writes;
  int syncs = real.watched.syncs;
  std::vector<Deferred<void>> waiting;
  for (int i = 0; i < 64; i++) waiting.push_back(log->append(std::to_string(i), ""));
  ASSERT_TRUE(real.run(gather_results(std::move(waiting))).ok());
  EXPECT_EQ(real.watched.writes - writes, 1);
  EXPECT_EQ(real.watched.syncs - syncs, 1);
  EXPECT_EQ(synced.size(), 65u);
}

TEST_F(SegmentLogTest, while_one_group_is_synced_the_next_gathers) {
  ASSERT_TRUE(open().ok());
  int syncs = real.watched.syncs;
  std::vector<Deferred<void>> waiting;
  waiting.push_back(log->append("alone", ""));
  real.until([&] { return real.watched.writes > 1; });
  for (int i = 0; i < 10; i++) waiting.push_back(log->append("together", ""));
  ASSERT_TRUE(real.run(gather_results(std::move(waiting))).ok());
  EXPECT_EQ(real.watched.syncs - syncs, 2);
}

TEST_F(SegmentLogTest, a_failed_sync_fails_its_whole_group_and_ends_its_segment) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append("kept").ok());
  real.watched.fail_syncs = 1;
  std::vector<Deferred<void>> waiting;
  for (int i = 0; i < 3; i++) waiting.push_back(log->append("lost", ""));
  auto results = real.run(gather_all(std::move(waiting))).value();
  for (auto& result : results) {
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(Code::io));
  }
  ASSERT_TRUE(append("after").ok());
  EXPECT_EQ(files().size(), 2u);
  EXPECT_EQ(synced, (std::vector<std::string>{"kept!", "after!"}));
  // The lost ones stand whole in the first file; they are not believed.
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(found, (std::vector<std::string>{"kept!", "after!"}));
}

TEST_F(SegmentLogTest, a_segment_that_never_synced_anything_leaves_no_file) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 20; i++) {
    real.watched.fail_syncs = 1;
    EXPECT_FALSE(append("lost").ok());
  }
  EXPECT_LE(files().size(), 1u);
  EXPECT_TRUE(append("kept").ok());
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(found, std::vector<std::string>{"kept!"});
}

TEST_F(SegmentLogTest, a_failed_write_fails_its_group_and_its_place_is_used_again) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append("first").ok());
  real.watched.fail_writes = 1;
  auto refused = append("refused");
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::disk_full));
  ASSERT_TRUE(append("second").ok());
  EXPECT_EQ(files().size(), 1u);
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(found, (std::vector<std::string>{"first!", "second!"}));
}

TEST_F(SegmentLogTest, a_torn_end_is_cut_and_damage_before_it_is_an_error_with_file_and_place) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 3; i++) ASSERT_TRUE(append("message").ok());
  log.reset();
  std::string path = files().back();
  std::string good = content(path);
  std::size_t end = good.find_last_not_of('\0') + 1;

  set_content(path, good.substr(0, end - 2));
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(found.size(), 2u);
  log.reset();
  for (auto& file : files()) std::filesystem::remove(file);

  std::string damaged = good;
  damaged[SegmentHeader::size + GroupHeader::size + Frame::header_size] ^= 1;
  set_content(path, damaged);
  auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(opened.error().is(Code::io));
  EXPECT_NE(opened.error().text().find(path + " is damaged at byte 40"), std::string::npos)
      << opened.error().text();
}

TEST_F(SegmentLogTest, an_end_that_was_acknowledged_and_is_gone_is_an_error) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 3; i++) ASSERT_TRUE(append("message").ok());
  log.reset();
  auto opened = open(5);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().text().find("ends before message 4"), std::string::npos)
      << opened.error().text();
}

TEST_F(SegmentLogTest, a_missing_file_in_the_middle_is_an_error) {
  ASSERT_TRUE(open(1, 64 << 10).ok());
  for (int i = 0; i < 6; i++) ASSERT_TRUE(append(std::string(50'000, 'x')).ok());
  log.reset();
  auto paths = files();
  ASSERT_GE(paths.size(), 4u);
  std::filesystem::remove(paths[1]);
  auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().text().find(paths[0]), std::string::npos) << opened.error().text();
}

TEST_F(SegmentLogTest, segments_that_are_behind_are_removed_and_the_rest_is_read_on) {
  ASSERT_TRUE(open(1, 64 << 10).ok());
  for (int i = 0; i < 10; i++) ASSERT_TRUE(append(std::string(30'000, 'a' + i)).ok());
  std::size_t before = files().size();
  ASSERT_TRUE(real.run(log->forget_before(6)).ok());
  EXPECT_LT(files().size(), before);
  auto [segment, end] = log->oldest_finished();
  EXPECT_GT(end, 6u);
  first = 5;
  ASSERT_TRUE(open(1, 64 << 10).ok());
  EXPECT_EQ(found.size(), 6u);
  EXPECT_EQ(found.back()[0], 'j');
}

TEST_F(SegmentLogTest, chunks_lead_through_all_segments_from_any_sequence) {
  ASSERT_TRUE(open(1, 64 << 10).ok());
  for (int i = 0; i < 300; i++) ASSERT_TRUE(append(std::string(2000, 'x')).ok());
  for (std::uint64_t from : {1u, 77u, 150u, 299u, 300u}) {
    LogCursor at = log->cursor_at(from);
    ASSERT_LE(at.sequence, from);
    std::uint64_t next = from;
    while (next < log->next_sequence()) {
      auto chunk = real.run(log->read_chunk(at, 10'000));
      ASSERT_TRUE(chunk.ok()) << chunk.error().text();
      for (auto& record : chunk->records) {
        if (record.sequence < next) continue;
        ASSERT_EQ(record.sequence, next++);
        EXPECT_EQ(record.payload.size(), 2001u);
      }
      at = chunk->next;
    }
    auto one = real.run(log->read_chunk(log->end(), 10'000));
    ASSERT_TRUE(one.ok());
    EXPECT_TRUE(one->records.empty());
  }
}

TEST_F(SegmentLogTest, one_record_is_read_by_its_place_and_damage_there_is_an_error) {
  RecordPlace place;
  SegmentLogOptions options{.folder = folder.path + "/log"};
  log = std::make_unique<SegmentLog>(real.world, Log(), options,
                                     [&](const LogRecord& record) { place = record.place; });
  ASSERT_TRUE(real.run(log->open(1, [](const LogRecord&) -> Result<void> { return {}; })).ok());
  ASSERT_TRUE(append("some").ok());
  EXPECT_EQ(real.run(log->read(place)).value().text(), "some!");
  std::fstream file(files().back(), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(place.offset + Frame::header_size);
  file << "X" << std::flush;
  EXPECT_TRUE(real.run(log->read(place)).error().is(Code::io));
}

TEST_F(SegmentLogTest, closing_waits_for_what_was_appended) {
  ASSERT_TRUE(open().ok());
  auto waiting = log->append("late", "");
  ASSERT_TRUE(real.run(log->close()).ok());
  EXPECT_TRUE(waiting.take().ok());
  EXPECT_TRUE(append("later").error().is(Code::closed));
}

}  // namespace
}  // namespace berth::bus
