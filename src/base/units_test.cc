#include "base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace berth {
namespace {

TEST(Units, reads_durations) {
  struct Case {
    std::string_view text;
    Duration value;
  };
  constexpr Case cases[] = {
      {"250ms", 250ms}, {"1h30m", 90min}, {"5s", 5s},       {"1.5s", 1500ms}, {"0s", 0s},
      {"2d4h", 52h},    {"320µs", 320us}, {"320us", 320us}, {"7ns", 7ns},     {"1m0.25s", 60250ms}};
  for (const Case& one : cases) EXPECT_EQ(parse_duration(one.text).value(), one.value) << one.text;
}

TEST(Units, refuses_what_is_no_duration) {
  for (std::string_view text : {"", "5", "s", "-5s", "5 s", "5x", "1.s", ".5s", "1.5.5s", "30m1h",
                                "1s1s", "1.5ns", "999999999d", "99999999999999999999s", "5S"}) {
    Result<Duration> value = parse_duration(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_TRUE(value.error().is(Code::invalid));
  }
  EXPECT_EQ(parse_duration("5").error().message(),
            "'5' is not a duration: write numbers with units, such as 250ms, 5s or 1h30m");
}

TEST(Units, reads_sizes) {
  struct Case {
    std::string_view text;
    std::int64_t bytes;
  };
  constexpr Case cases[] = {
      {"128MiB", 128 << 20}, {"64KB", 64000},       {"1GiB", 1 << 30}, {"512", 512},
      {"512B", 512},         {"1.5GiB", 3ll << 29}, {"0", 0},          {"2TB", 2'000'000'000'000}};
  for (const Case& one : cases) EXPECT_EQ(parse_size(one.text).value(), one.bytes) << one.text;
  for (std::string_view text : {"", "MiB", "-1", "1.5", "128M", "128mib", "1 GiB", "9999999TiB"})
    EXPECT_FALSE(parse_size(text).ok()) << text;
}

TEST(Units, reads_shares_of_cores) {
  EXPECT_EQ(parse_cpu("200m").value(), 200);
  EXPECT_EQ(parse_cpu("0.5").value(), 500);
  EXPECT_EQ(parse_cpu("2").value(), 2000);
  for (std::string_view text : {"", "m", "0.0005", "2000", "1.5m", "-1", "1k"})
    EXPECT_FALSE(parse_cpu(text).ok()) << text;
}

TEST(Units, writes_exact_forms_that_read_back) {
  EXPECT_EQ(write_duration(90min), "1h30m");
  EXPECT_EQ(write_duration(1500ms), "1s500ms");
  EXPECT_EQ(write_duration(0s), "0s");
  EXPECT_EQ(write_duration(320us), "320us");
  EXPECT_EQ(write_size(128 << 20), "128MiB");
  EXPECT_EQ(write_size(1000), "1000B");
  EXPECT_EQ(write_size(0), "0B");
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(parse_size(write_size(most)).value(), most);
  EXPECT_EQ(write_cpu(200), "200m");
  EXPECT_EQ(write_cpu(2000), "2");
  for (Duration value : {Duration(1), Duration(123456789), Duration(7 * 24h) + 3ns,
                         Duration(std::numeric_limits<std::int64_t>::max())})
    EXPECT_EQ(parse_duration(write_duration(value)).value(), value) << write_duration(value);
}

TEST(Units, rounds_durations_for_people) {
  struct Case {
    Duration value;
    std::string_view text;
  };
  constexpr Case cases[] = {{850ns, "850 ns"},   {320us, "320 µs"},
                            {1400ms, "1.4 s"},   {12ms, "12 ms"},
                            {999'700ns, "1 ms"}, {9960ms, "10 s"},
                            {1s, "1 s"},         {59'600ms, "1 min"},
                            {125s, "2 min 5 s"}, {192min, "3 h 12 min"},
                            {52h, "2 d 4 h"},    {-2s, "-2 s"},
                            {24h - 10s, "1 d"},  {0s, "0 ns"}};
  for (const Case& one : cases) EXPECT_EQ(format_duration(one.value), one.text);
}

TEST(Units, rounds_sizes_for_people) {
  EXPECT_EQ(format_size(512), "512 B");
  EXPECT_EQ(format_size(1536), "1.5 KiB");
  EXPECT_EQ(format_size(12 << 20), "12 MiB");
  EXPECT_EQ(format_size((1 << 20) - 1), "1 MiB");
  EXPECT_EQ(format_size(std::numeric_limits<std::int64_t>::max()), "8192 PiB");
}

}  // namespace
}  // namespace berth
