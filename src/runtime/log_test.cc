#include <gtest/gtest.h>

#include "os/log_file.h"
#include "runtime/host_suite.h"
#include "runtime/log_path.h"
#include "runtime/log_tail.h"
#include "runtime/log_writer.h"

namespace berth::runtime {
namespace {

namespace fs = std::filesystem;

struct LogTest : HostTest {
  LogTest() { fs::create_directories(state + "/logs"); }

  void append(const std::string& name, const std::string& text) const {
    std::ofstream(state + "/logs/" + name, std::ios::app) << text;
  }
  void rotate(const std::string& name) const {
    std::string path = state + "/logs/" + name;
    if (fs::exists(path + ".1")) fs::rename(path + ".1", path + ".2");
    fs::rename(path, path + ".1");
  }
  std::vector<std::string> next(LogTail& tail) { return texts(run(tail.next()).value()); }
  static std::vector<std::string> texts(const std::vector<LogLine>& lines) {
    std::vector<std::string> out;
    out.reserve(lines.size());
    for (auto& line : lines) out.push_back(line.text);
    return out;
  }
  std::vector<std::string> last(std::string service, std::size_t lines, WallTime from = {},
                                std::string instance = "") {
    return texts(
        run(last_log_lines(world, state, std::move(service), std::move(instance), lines, from))
            .value());
  }
};
using Texts = std::vector<std::string>;

TEST_F(LogTest, last_lines_are_read_over_instances_and_rotated_files) {
  append("orders.1.log", "1000 a\n1001 b\n");
  rotate("orders.1.log");
  append("orders.1.log", "1004 e\n1004 f\n1005 not yet whole");
  append("orders.2.log", "1002 c\n1003 d\n");
  append("orders-old.1.log", "1003 other\n");
  append("notes.txt", "1003 no log\n");
  EXPECT_EQ(last("orders", 100), (Texts{"a", "b", "c", "d", "e", "f"}));
  EXPECT_EQ(last("orders", 3), (Texts{"d", "e", "f"}));
  EXPECT_EQ(last("orders", 100, {1'002'000'000}), (Texts{"c", "d", "e", "f"}));
  EXPECT_EQ(last("orders", 100, {}, "orders/1"), (Texts{"a", "b", "e", "f"}));
  EXPECT_EQ(last("nothing", 100), Texts{});
  fs::remove_all(state + "/logs");
  EXPECT_EQ(last("orders", 100), Texts{});
}

TEST_F(LogTest, last_lines_of_a_large_log_are_found_from_its_end) {
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += std::to_string(1000 + i) + " line " + std::to_string(i) + "\n";
  append("orders.1.log", text);
  EXPECT_EQ(last("orders", 2), (Texts{"line 49998", "line 49999"}));
  EXPECT_EQ(last("orders", 20'000).front(), "line 30000");
}

TEST_F(LogTest, long_lines_are_cut_and_lines_without_a_time_kept) {
  append("orders.1.log", "1000 " + std::string(20'000, 'x') + "\ntorn line\n");
  auto lines = run(last_log_lines(world, state, "orders", "", 10)).value();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text.size(), log_line_bytes_max);
  EXPECT_TRUE(lines[0].text.ends_with("x…"));
  EXPECT_EQ(lines[1].text, "torn line");
  EXPECT_EQ(lines[1].time, WallTime{1'000'000'000});
}

TEST_F(LogTest, following_gives_the_last_lines_and_then_each_new_one_once) {
  append("orders.1.log", "1000 a\n1001 b\n");
  LogTail tail(world, state, "orders");
  ASSERT_TRUE(run(tail.begin_with_last(1)).ok());
  append("orders.1.log", "1002 c\n");
  EXPECT_EQ(next(tail), Texts{"b"});
  EXPECT_EQ(next(tail), Texts{"c"});
  auto waiting = tail.next();
  EXPECT_FALSE(until([&] { return !waiting.pending(); }, 250ms));
  append("orders.1.log", "1003 d");
  EXPECT_FALSE(until([&] { return !waiting.pending(); }, 250ms)) << "half a line was given";
  append("orders.1.log", "\n");
  EXPECT_EQ(texts(run(std::move(waiting)).value()), Texts{"d"});
  append("orders.2.log", "1004 of a new instance\n");
  EXPECT_EQ(next(tail), Texts{"of a new instance"});
}

TEST_F(LogTest, rotations_lose_and_repeat_nothing) {
  LogTail tail(world, state);
  std::string path = log_path(state, "orders/1");
  os::LogFile log(path, 4000);
  int written = 0;
  int read = 0;
  while (written < 2000) {
    for (int i = 0; i < 50; ++i) log.take("line " + std::to_string(written++) + "\n");
    while (read < written) {
      for (auto& text : next(tail)) ASSERT_EQ(text, "line " + std::to_string(read++));
    }
  }
  EXPECT_TRUE(fs::exists(path + ".2"));
}

TEST_F(LogTest, positions_survive_a_restart_also_over_a_rotation) {
  std::string positions = state + "/log-positions.json";
  append("orders.1.log", "1000 \xff not utf-8\n1001 b\n");
  append("users.1.log", "1000 u\n");
  {
    LogTail tail(world, state);
    ASSERT_TRUE(run(tail.load(positions)).ok());
    EXPECT_EQ(next(tail).size(), 3u);
    ASSERT_TRUE(run(tail.keep(positions)).ok());
    append("users.1.log", "1001 read, not kept\n");
    EXPECT_EQ(next(tail).size(), 1u);
  }
  append("orders.1.log", "1002 c\n");
  rotate("orders.1.log");
  append("orders.1.log", "1003 d\n");
  LogTail tail(world, state);
  ASSERT_TRUE(run(tail.load(positions)).ok());
  Texts all;
  while (all.size() < 3) {
    for (auto& text : next(tail)) all.push_back(text);
  }
  std::ranges::sort(all);
  EXPECT_EQ(all, (Texts{"c", "d", "read, not kept"}));
}

TEST_F(LogTest, broken_positions_are_told_and_reading_begins_at_the_end) {
  write("state/log-positions.json", "{\"logs");
  append("orders.1.log", "1000 a\n");
  LogTail tail(world, state);
  auto loaded = run(tail.load(state + "/log-positions.json"));
  ASSERT_FALSE(loaded.ok());
  EXPECT_TRUE(loaded.error().is(Code::invalid));
  append("orders.1.log", "1001 b\n");
  EXPECT_EQ(next(tail), Texts{"b"});
}

TEST_F(LogTest, writer_rotates_as_the_shim_does) {
  std::string path = log_path(state, "orders/1");
  LogWriter writer(disk, path);
  writer.add({1'000'000'000}, "a");
  writer.add({1'001'000'000}, "b");
  ASSERT_TRUE(run(writer.write()).ok());
  EXPECT_EQ(read("state/logs/orders.1.log"), "1000 a\n1001 b\n");
  for (int i = 0; i < 800; ++i) writer.add({}, std::string(15'000, 'x'));
  ASSERT_TRUE(run(writer.write()).ok());
  EXPECT_TRUE(fs::exists(path + ".1"));
  writer.add({1'002'000'000}, "c");
  ASSERT_TRUE(run(writer.write()).ok());
  EXPECT_EQ(read("state/logs/orders.1.log"), "1002 c\n");
}

TEST_F(LogTest, writer_tells_what_was_lost) {
  LogWriter writer(disk, state + "/later/x.log");
  writer.add({1'000'000'000}, "lost");
  ASSERT_TRUE(run(writer.write()).ok());
  EXPECT_EQ(writer.dropped(), 1u);
  fs::create_directories(state + "/later");
  writer.add({1'001'000'000}, "found");
  ASSERT_TRUE(run(writer.write()).ok());
  EXPECT_EQ(read("state/later/x.log"),
            "1001 berth: output was lost here: it could not be written\n1001 found\n");
}

}  // namespace
}  // namespace berth::runtime
