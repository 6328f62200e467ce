#include "observe/inputs/follow_input.h"
#include "observe/inputs/input_suite.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// All that comes of these lines.
std::vector<std::string> joined(std::vector<std::string> lines) {
  TraceJoiner joiner;
  std::vector<std::string> out;
  for (auto& line : lines) {
    if (auto whole = joiner.add(line)) out.push_back(*whole);
  }
  if (auto whole = joiner.take()) out.push_back(*whole);
  return out;
}

TEST(TraceJoiner, joins_javas_traces_with_their_causes) {
  EXPECT_THAT(joined({"10:00 INFO begun", "java.lang.IllegalStateException: no",
                      "\tat a.B.c(B.java:7)", "Caused by: java.io.IOException: gone",
                      "\tat a.D.e(D.java:9)", "\t... 12 more", "10:01 INFO went on"}),
              ElementsAre("10:00 INFO begun",
                          "java.lang.IllegalStateException: no\n\tat a.B.c(B.java:7)\nCaused by: "
                          "java.io.IOException: gone\n\tat a.D.e(D.java:9)\n\t... 12 more",
                          "10:01 INFO went on"));
}

TEST(TraceJoiner, joins_pythons_tracebacks_with_the_exception_and_what_is_chained_to_it) {
  auto all = joined({"Traceback (most recent call last):", "  File \"a.py\", line 1, in <module>",
                     "    f()", "KeyError: 'x'", "",
                     "During handling of the above exception, another exception occurred:", "",
                     "Traceback (most recent call last):", "  File \"a.py\", line 3, in <module>",
                     "ValueError: y", "next"});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].ends_with("ValueError: y"));
  EXPECT_EQ(all[1], "next");
}

TEST(TraceJoiner, joins_nodes_and_gos) {
  EXPECT_THAT(joined({"Error: no", "    at f (/a.js:1:7)", "    at g (/a.js:2:7)", "listening"}),
              ElementsAre("Error: no\n    at f (/a.js:1:7)\n    at g (/a.js:2:7)", "listening"));
  auto go =
      joined({"panic: no", "", "goroutine 1 [running]:", "main.(*Server).run(0x1, {0x2, 0x3})",
              "\t/a/main.go:7 +0x1d", "created by main.main", "\t/a/main.go:3", "exit status 2",
              "begun again"});
  ASSERT_EQ(go.size(), 2U);
  EXPECT_TRUE(go[0].ends_with("exit status 2"));
}

TEST(TraceJoiner, has_a_limit_on_lines) {
  TraceJoiner joiner({.lines_max = 3});
  EXPECT_FALSE(joiner.add("a"));
  EXPECT_FALSE(joiner.add(" b"));
  EXPECT_FALSE(joiner.add(" c"));
  EXPECT_EQ(joiner.add(" d"), "a\n b\n c");
}

TEST(FilePatterns, match_names) {
  EXPECT_TRUE(name_matches("access.log", "*.log"));
  EXPECT_TRUE(name_matches("a-b-c.log", "a*b*.lo?"));
  EXPECT_FALSE(name_matches("access.log.1", "*.log"));
  EXPECT_TRUE(name_matches("", "*"));
  EXPECT_FALSE(name_matches("a", "??"));
}

struct FollowTest : InputSuite {
  void SetUp() override {
    InputSuite::SetUp();
    ASSERT_TRUE(simulation.run(here.disk.make_folder("/log")).ok());
    spec.follow.from_start = true;
    spec.follow.paths = {"/log/*.log"};
  }
  void append(const std::string& path, const std::string& text) {
    auto file = simulation.run(here.disk.open(path, OpenMode::write)).value();
    auto size = simulation.run(file->size()).value();
    ASSERT_TRUE(simulation.run(file->write(size, Bytes::copy(text))).ok());
  }
  void go(Duration time = 4s) { simulation.run_for(time); }
};

TEST_F(FollowTest, reads_what_is_written_and_files_that_come_later) {
  append("/log/web.log", "one\ntwo\nha");
  make("file", 0);
  go();
  EXPECT_THAT(got, ElementsAre("web: one", "web: two"));
  append("/log/web.log", "lf\n");
  append("/log/other.log", "three\n");
  go();
  EXPECT_THAT(got,
              testing::UnorderedElementsAre("web: one", "web: two", "web: half", "other: three"));
}

TEST_F(FollowTest, goes_on_where_it_was_after_kill_9_through_a_rotation_meanwhile) {
  append("/log/web.log", "one\ntwo\n");
  make("file", 0);
  go();
  input.reset();  // kill -9
  append("/log/web.log", "three\n");
  ASSERT_TRUE(simulation.run(here.disk.rename("/log/web.log", "/log/web.log.1")).ok());
  append("/log/web.log", "four\n");
  got.clear();
  make();
  go();
  EXPECT_THAT(got, ElementsAre("web: three", "web: four"));
}

TEST_F(FollowTest, reads_the_rest_of_a_file_that_is_renamed_and_the_new_one_from_its_begin) {
  append("/log/web.log", "one\n");
  make("file", 0);
  go();
  append("/log/web.log", "two\nlast");
  ASSERT_TRUE(simulation.run(here.disk.rename("/log/web.log", "/log/web.log.1")).ok());
  append("/log/web.log", "three\n");
  go();
  EXPECT_THAT(got, ElementsAre("web: one", "web: two", "web: last", "web: three"));
}

TEST_F(FollowTest, begins_anew_in_a_file_that_is_truncated) {
  append("/log/web.log", "one\ntwo\n");
  make("file", 0);
  go();
  auto file = simulation.run(here.disk.open("/log/web.log", OpenMode::write)).value();
  ASSERT_TRUE(simulation.run(file->truncate(0)).ok());
  append("/log/web.log", "3\n");
  go();
  EXPECT_THAT(got, ElementsAre("web: one", "web: two", "web: 3"));
}

TEST_F(FollowTest, from_the_end_only_what_comes) {
  append("/log/web.log", "old\n");
  spec.follow.from_start = false;
  make("file", 0);
  go();
  append("/log/web.log", "new\n");
  go();
  EXPECT_THAT(got, ElementsAre("web: new"));
}

TEST_F(FollowTest, dockers_parts_are_joined_and_traces_are_by_stream) {
  auto part = [](std::string text, std::string stream) {
    Json json = Json::object();
    json.set("log", text).set("stream", stream).set("time", "2026-11-24T12:00:00.123456789Z");
    return json.text() + "\n";
  };
  std::string half(16384, 'x');
  spec.follow.docker = true;
  spec.line_bytes_max = 64 << 10;
  append("/log/c.log", part(half, "stdout") + part("Error: no\n", "stderr") +
                           part("rest\n", "stdout") + part("    at f (/a.js:1:7)\n", "stderr"));
  make("docker", 0);
  go();
  EXPECT_THAT(got, testing::UnorderedElementsAre("c: " + half + "rest",
                                                 "c: Error: no\n    at f (/a.js:1:7)"));
}

TEST_F(FollowTest, a_trace_that_is_not_whole_is_not_lost_by_kill_9) {
  append("/log/web.log", "Error: no\n");
  make("file", 0);
  go(500ms);
  EXPECT_THAT(got, IsEmpty());
  input.reset();
  append("/log/web.log", "    at f\nnext\n");
  make();
  go();
  EXPECT_THAT(got, ElementsAre("web: Error: no\n    at f", "web: next"));
}

}  // namespace
}  // namespace berth::observe
