#include "runtime/docker_frames.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"
#include "runtime/log_path.h"

namespace berth::runtime {
namespace {

std::string frame(int stream, const std::string& payload) {
  std::string head(8, '\0');
  head[0] = static_cast<char>(stream);
  for (int i = 0; i < 4; ++i) {
    head[static_cast<std::size_t>(4 + i)] = static_cast<char>(payload.size() >> (24 - 8 * i));
  }
  return head + payload;
}
const std::string at = "2026-11-24T11:56:21.123456789Z ";

TEST(DockerFrames, times_are_read_to_the_nanosecond) {
  auto time = parse_docker_time("2026-11-24T11:56:21.123456789Z").value();
  EXPECT_EQ(write_timestamp(time), "2026-11-24T11:56:21.123456Z");
  EXPECT_EQ(time.nanoseconds % 1'000'000'000, 123'456'789);
  EXPECT_EQ(parse_docker_time("1970-01-01T00:00:01Z").value(), WallTime{1'000'000'000});
  EXPECT_EQ(parse_docker_time("2024-02-29T00:00:00.5Z").value().nanoseconds % 1'000'000'000,
            500'000'000);
  for (auto wrong :
       {"", "Z", "2026-11-24", "2026-13-24T11:56:21Z", "2025-02-29T00:00:00Z",
        "2026-11-24T11:56:21.1234567890Z", "2026-11-24T11:56:21.Z", "2026-11-24 11:56:21Z",
        "2026-11-24T11:56:21+01", "2262-11-24T11:56:21Z", "0226-11-24T11:56:21Z"}) {
    bool read = parse_docker_time(wrong).ok();
    EXPECT_EQ(read, std::string_view(wrong).ends_with("21.Z")) << wrong;
  }
}

TEST(DockerFrames, lines_come_whole_however_the_bytes_are_cut) {
  std::string bytes = frame(1, at + "one\n") + frame(2, at + "two\n") + frame(1, at + "\n");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    DockerFrames frames;
    std::vector<DockerLine> lines;
    ASSERT_TRUE(frames.take(std::string_view(bytes).substr(0, cut), lines).ok());
    ASSERT_TRUE(frames.take(std::string_view(bytes).substr(cut), lines).ok());
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].text, "one");
    EXPECT_EQ(lines[1].text, "two");
    EXPECT_EQ(lines[2].text, "");
    EXPECT_EQ(lines[1].time, parse_docker_time(at.substr(0, at.size() - 1)).value());
  }
}

TEST(DockerFrames, line_in_several_frames_is_put_together_and_cut) {
  DockerFrames frames;
  std::vector<DockerLine> lines;
  std::string bytes = frame(1, at + std::string(16384, 'a')) + frame(2, at + "other\n") +
                      frame(1, at + std::string(16384, 'b')) + frame(1, at + "end\n") +
                      frame(1, at + "ab") + frame(1, at + "cd\n");
  ASSERT_TRUE(frames.take(bytes, lines).ok());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text, "other");
  EXPECT_EQ(lines[1].text.size(), log_line_bytes_max);
  EXPECT_TRUE(lines[1].text.ends_with("a…"));
  EXPECT_EQ(lines[2].text, "abcd");
}

TEST(DockerFrames, what_is_no_log_is_refused) {
  DockerFrames frames;
  std::vector<DockerLine> lines;
  EXPECT_FALSE(frames.take("HTTP/1.1 500 Internal\r\n", lines).ok());
  DockerFrames large;
  EXPECT_FALSE(large.take(std::string("\x01\0\0\0\xff\xff\xff\xff", 8), lines).ok());
}

}  // namespace
}  // namespace berth::runtime
