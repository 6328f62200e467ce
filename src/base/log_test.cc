#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/timestamp.h"

namespace berth {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

struct Lines : LogTarget {
  Lines() {
    write = [](void* self, std::string_view line) { static_cast<Lines*>(self)->text += line; };
    now = [](void*) { return WallTime{1'795'521'381'123'456'789}; };
    context = this;
  }
  std::string text;
};

TEST(Log, writes_one_logfmt_line_a_record) {
  Lines lines;
  Log log(lines, "proxy");
  log.info("pool changed", {{"service", "users"}, {"instances", 2}, {"bytes", 7u}, {"up", true}});
  EXPECT_EQ(lines.text,
            "time=2026-11-24T11:56:21.123456Z level=info component=proxy message=\"pool changed\" "
            "service=users instances=2 bytes=7 up=true\n");
  lines.text.clear();
  log.named("bus").error("late", {{"after", 1250ms}, {"share", 0.5}, {"name", std::string("a b")}});
  EXPECT_THAT(lines.text, EndsWith("level=error component=bus message=late after=1s250ms share=0.5 "
                                   "name=\"a b\"\n"));
}

TEST(Log, is_silent_below_its_level_and_without_a_target) {
  Lines lines;
  Log log(lines, "proxy");
  log.debug("x");
  EXPECT_EQ(lines.text, "");
  lines.level = LogLevel::debug;
  log.debug("x");
  EXPECT_THAT(lines.text, HasSubstr("level=debug"));
  lines.level = LogLevel::off;
  EXPECT_FALSE(log.on(LogLevel::error));
  Log().error("nobody hears it");
}

TEST(Log, values_cannot_forge_lines_or_fields) {
  Lines lines;
  Log(lines, "bus").info("a\nlevel=error", {{"key", "x\" y=\xff"}, {"empty", ""}});
  EXPECT_THAT(lines.text,
              EndsWith("message=\"a\\nlevel=error\" key=\"x\\\" y=\\ufffd\" empty=\"\"\n"));
  EXPECT_EQ(std::count(lines.text.begin(), lines.text.end(), '\n'), 1);
}

TEST(Log, tells_errors_with_where_they_arose) {
  Lines lines;
  Error error = Error(Code::io, "disk gone").during("saving");
  Log(lines, "bus").warning("not saved", {{"error", error}});
  EXPECT_THAT(lines.text,
              HasSubstr("error=\"disk gone, while saving\" error_at=src/base/log_test.cc:"));
}

TEST(Log, cuts_long_lines) {
  Lines lines;
  Log(lines, "bus").info("long", {{"text", std::string(100000, 'x')}});
  EXPECT_EQ(lines.text.size(), Log::line_bytes_max);
  EXPECT_THAT(lines.text, EndsWith("...\n"));
}

TEST(Timestamp, writes_rfc_3339) {
  EXPECT_EQ(write_timestamp(WallTime{0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(write_timestamp(WallTime{951'782'400'000'001'000}), "2000-02-29T00:00:00.000001Z");
  EXPECT_EQ(write_timestamp(WallTime{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(write_timestamp(WallTime{1'999'999'999}, 3), "1970-01-01T00:00:01.999Z");
  EXPECT_EQ(write_timestamp(WallTime{1'999'999'999}, 0), "1970-01-01T00:00:01Z");
  EXPECT_EQ(write_timestamp(WallTime{1'000'000'002}, 9), "1970-01-01T00:00:01.000000002Z");
}

}  // namespace
}  // namespace berth
