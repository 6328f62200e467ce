#include "observe/line_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/simulation.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct LineJournalTest : testing::Test {
  sim::Simulation simulation{4};
  sim::Host& host = simulation.add_host("here");
  std::unique_ptr<LineJournal> journal;
  std::vector<std::string> replayed;

  void open(std::uint64_t counted) {
    replayed.clear();
    journal = std::make_unique<LineJournal>(host.world(), Log(), "/lines");
    auto opened = simulation.run(journal->open(counted, [this](const LogLine& line) {
      replayed.push_back(std::string(line.text) + (line.fields ? line.fields->text_of("a") : ""));
    }));
    ASSERT_TRUE(opened.ok()) << opened.error().text();
  }
  void append(std::string_view text, const Record* fields = nullptr) {
    LogLine line;
    line.text = text;
    line.level = LogLevel::error;
    line.fields = fields;
    journal->append(line);
  }
  bool commit() { return simulation.run(journal->commit()).ok(); }
};

TEST_F(LineJournalTest, what_was_committed_and_not_counted_comes_again_after_kill_9) {
  open(0);
  Record fields;
  fields.set("a", Json("x"));
  append("one");
  append("two", &fields);
  ASSERT_TRUE(commit());
  append("three");  // not committed
  open(1);
  EXPECT_THAT(replayed, ElementsAre("twox"));
  append("four");
  ASSERT_TRUE(commit());
  open(2);
  EXPECT_THAT(replayed, ElementsAre("four"));
}

TEST_F(LineJournalTest, what_is_forgotten_goes_from_the_disk) {
  open(0);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) append(std::string(1 << 20, 'x'));
    ASSERT_TRUE(commit());
  }
  EXPECT_EQ(simulation.run(host.disk.list("/lines"))->size(), 2U);
  ASSERT_TRUE(simulation.run(journal->forget(20)).ok());
  EXPECT_EQ(simulation.run(host.disk.list("/lines"))->size(), 1U);
  ASSERT_TRUE(simulation.run(journal->forget(30)).ok());
  EXPECT_EQ(simulation.run(host.disk.list("/lines"))->front().size, 0U);
  open(0);
  EXPECT_THAT(replayed, IsEmpty());
  append("next");  // its number is a new one
  EXPECT_GT(journal->last(), 20U);
}

TEST_F(LineJournalTest, a_torn_end_is_left_out) {
  open(0);
  append("whole");
  ASSERT_TRUE(commit());
  auto path = "/lines/" + simulation.run(host.disk.list("/lines"))->front().name;
  std::string text = simulation.run(host.disk.read_file(path)).value();
  std::string record;
  LogLine line;
  line.text = "torn";
  append_journal_record(record, 2, line);
  ASSERT_TRUE(simulation.run(host.disk.replace_file(path, text + record.substr(0, 9))).ok());
  open(0);
  EXPECT_THAT(replayed, ElementsAre("whole"));
}

}  // namespace
}  // namespace berth::observe
