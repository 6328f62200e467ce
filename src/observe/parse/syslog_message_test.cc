#include "observe/parse/syslog_message.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "observe/parse/syslog_frames.h"

namespace berth::observe {
namespace {

const DateContext context{TimeZone::fixed(3600), WallTime{1'795'521'600'000'000'000}};

std::string read(std::string_view line) {
  SyslogMessage message = read_syslog(line, context);
  Record record;
  message.add_fields(record);
  record.set("text", Json(message.text));
  record.time = message.time;
  return record.json().text();
}

TEST(SyslogMessage, reads_rfc_3164_as_programs_send_it) {
  EXPECT_EQ(
      read("<134>Nov 24 12:00:00 haproxy[812]: 10.0.0.7:1 [24"),
      R"({"time":"2026-11-24T11:00:00.000000Z","facility":16,"severity":6,"app":"haproxy","process":"812","text":"10.0.0.7:1 [24"})");
  EXPECT_EQ(
      read("<13>Nov  4 09:00:00 web-1 sshd: hi\n"),
      R"({"time":"2026-11-04T08:00:00.000000Z","facility":1,"severity":5,"host":"web-1","app":"sshd","text":"hi"})");
  EXPECT_EQ(
      read("<13>2026-11-24T12:00:00.123456+01:00 web app[x-1]: hi"),
      R"({"time":"2026-11-24T11:00:00.123456Z","facility":1,"severity":5,"host":"web","app":"app","process":"x-1","text":"hi"})");
  EXPECT_EQ(
      read("<189>Nov 24 2026 12:00:00.5: %ASA-6-302013: Built"),
      R"({"time":"2026-11-24T11:00:00.500000Z","facility":23,"severity":5,"app":"%ASA-6-302013","text":"Built"})");
  EXPECT_EQ(read("<30>cron: no time"),
            R"({"facility":3,"severity":6,"app":"cron","text":"no time"})");
  EXPECT_EQ(read("only words"), R"({"facility":1,"severity":5,"text":"only words"})");
  EXPECT_EQ(read("<999>x y"), R"({"facility":1,"severity":5,"text":"<999>x y"})");
  EXPECT_EQ(read(""), R"({"facility":1,"severity":5,"text":""})");
}

TEST(SyslogMessage, reads_rfc_5424_with_structured_data) {
  EXPECT_EQ(
      read("<165>1 2026-11-24T12:00:00.003Z web app 7 ID47 "
           "[a@1 k=\"v\" q=\"x\\\"]\\\\y\"][b c=\"\"] \xEF\xBB\xBFtext ü"),
      R"({"time":"2026-11-24T12:00:00.003000Z","facility":20,"severity":5,"host":"web","app":"app","process":"7","message_id":"ID47","a@1.k":"v","a@1.q":"x\"]\\y","b.c":"","text":"text ü"})");
  EXPECT_EQ(read("<165>1 - - - - - -"), R"({"facility":20,"severity":5,"text":""})");
  // What only begins like one is read as the old form.
  EXPECT_EQ(read("<13>1 - - app: x"), R"({"facility":1,"severity":5,"text":"1 - - app: x"})");
}

TEST(SyslogMessage, bytes_that_are_no_utf8_are_replaced_and_told) {
  std::string text = "caf\xe9 ü \xff";
  EXPECT_TRUE(repair_utf8(text));
  EXPECT_EQ(text, "caf\xEF\xBF\xBD ü \xEF\xBF\xBD");
  EXPECT_FALSE(repair_utf8(text));
}

/// The frames of a stream that arrives in pieces of `step` bytes; a cut one has "~" behind it.
std::string frames(std::string_view stream, std::size_t step, std::size_t line_bytes_max = 100) {
  SyslogFrames reader(line_bytes_max);
  std::string out;
  auto take = [&](const std::optional<SyslogFrame>& frame) {
    if (frame) out += frame->text + (frame->cut ? "~" : "") + "|";
    return frame.has_value();
  };
  for (std::size_t at = 0; at < stream.size(); at += step) {
    reader.feed(stream.substr(at, step));
    while (take(reader.next())) {
    }
  }
  take(reader.last());
  return out;
}

TEST(SyslogFrames, each_frame_decides_how_it_is_framed_in_whatever_pieces_it_comes) {
  std::string stream("<1>a\n7 <2>b\n12<3>c\r\n\n4 <4>d<5>e\0007 tries\n1 of 2\n<6>end", 53);
  for (std::size_t step = 1; step < 20; ++step) {
    EXPECT_EQ(frames(stream, step), "<1>a|<2>b\n12|<3>c|<4>d|<5>e|7 tries|1 of 2|<6>end|") << step;
  }
}

TEST(SyslogFrames, what_is_too_long_is_cut_and_the_next_frame_is_whole) {
  for (std::size_t step = 1; step < 20; ++step) {
    EXPECT_EQ(frames("<1>123456789\n<2>b\n12 <3>012345678<4>d\n<5>1234567\r\n", step, 10),
              "<1>1234567~|<2>b|<3>0123456~|<4>d|<5>1234567|")
        << step;
  }
}

}  // namespace
}  // namespace berth::observe
