#include "observe/parse/date_format.h"

#include <gtest/gtest.h>

#include "base/timestamp.h"

namespace berth::observe {
namespace {

constexpr std::int64_t november = 1'795'521'600;  // 2026-11-24T12:00:00Z

std::string read(std::string_view form, std::string_view text, const TimeZone& zone = {},
                 std::int64_t now = november) {
  auto format = DateFormat::compile(form);
  if (!format.ok()) return format.error().text();
  auto time = format->read(text, {zone, WallTime{now * 1'000'000'000}});
  return time ? write_timestamp(*time) : "none";
}

TEST(DateFormat, reads_jodas_letters_with_zones) {
  EXPECT_EQ(read("dd/MMM/yyyy:HH:mm:ss Z", "24/Nov/2026:12:00:00 +0100"),
            "2026-11-24T11:00:00.000000Z");
  EXPECT_EQ(read("EEE, d MMMM yyyy hh:mm a z", "Tue, 24 November 2026 12:05 AM PST"),
            "2026-11-24T08:05:00.000000Z");
  EXPECT_EQ(read("yyyy-MM-dd'T'HH:mm:ss,SSS", "2024-02-29T23:59:59,250"),
            "2024-02-29T23:59:59.250000Z");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm", "2026-11-24 12:00", TimeZone::fixed(3600)),
            "2026-11-24T11:00:00.000000Z");
  EXPECT_EQ(read("UNIX", "1700000000.5"), "2023-11-14T22:13:20.500000Z");
  EXPECT_EQ(read("UNIX_MS", "1700000000123"), "2023-11-14T22:13:20.123000Z");
  EXPECT_EQ(read("ISO8601", "2026-11-24 12:00:00,5+02:00"), "2026-11-24T10:00:00.500000Z");
}

TEST(DateFormat, a_date_without_a_year_is_the_one_nearest_to_now) {
  EXPECT_EQ(read("RFC3164", "Nov  4 09:00:00"), "2026-11-04T09:00:00.000000Z");
  EXPECT_EQ(read("RFC3164", "Dec 31 23:59:59", {}, november + 40 * 86'400),
            "2026-12-31T23:59:59.000000Z");
  EXPECT_EQ(read("RFC3164", "Jan  1 00:00:01", {}, november + 37 * 86'400),
            "2027-01-01T00:00:01.000000Z");
  EXPECT_EQ(read("RFC3164", "Feb 29 12:00:00", {}, 1'709'200'000), "2024-02-29T12:00:00.000000Z");
}

TEST(DateFormat, refuses_what_is_no_date_and_wrong_forms_with_their_position) {
  EXPECT_EQ(read("yyyy-MM-dd", "2026-02-30"), "none");
  EXPECT_EQ(read("yyyy-MM-dd", "2026-13-01"), "none");
  EXPECT_EQ(read("yyyy-MM-dd", "2026-11-24 "), "none");
  EXPECT_EQ(read("HH:mm", "24:00"), "none");
  EXPECT_EQ(read("yyyy Q", "x"), "column 6: 'Q' is not known; text stands in '...'");
  EXPECT_EQ(read("yyyy 'T", "x"), "column 6: this ' is not closed");
}

/// A file of one zone: +1 h, +2 h between two changes (RFC 9636 section 3).
std::string zone_file(std::int64_t begin, std::int64_t end) {
  auto number = [](std::int64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
    return out;
  };
  auto header = [&](std::int64_t changes, std::int64_t types, std::int64_t letters) {
    std::string out = "TZif2" + std::string(15, '\0');
    for (std::int64_t count :
         {std::int64_t{0}, std::int64_t{0}, std::int64_t{0}, changes, types, letters}) {
      out += number(count, 4);
    }
    return out;
  };
  std::string types = number(3600, 4) + std::string(2, '\0') + number(7200, 4) + "\1" + '\0';
  return header(0, 1, 1) + types.substr(0, 6) + '\0' + header(2, 2, 1) + number(begin, 8) +
         number(end, 8) + "\1" + '\0' + types + '\0' + "\n\n";
}

TEST(TimeZone, follows_the_changes_of_the_database_file) {
  constexpr std::int64_t spring = 1'774'746'000;  // 2026-03-29T01:00:00Z
  constexpr std::int64_t autumn = 1'792'890'000;  // 2026-10-25T01:00:00Z
  auto zone = TimeZone::parse(zone_file(spring, autumn)).value();
  EXPECT_EQ(zone.offset_at(spring - 1), 3600);
  EXPECT_EQ(zone.offset_at(spring), 7200);
  EXPECT_EQ(zone.offset_at(autumn), 3600);
  EXPECT_EQ(read("yyyy-MM-dd HH:mm", "2026-07-01 12:00", zone), "2026-07-01T10:00:00.000000Z");
  EXPECT_EQ(read("yyyy-MM-dd HH:mm", "2026-12-01 12:00", zone), "2026-12-01T11:00:00.000000Z");
  // 02:30 is shown twice: the first one.
  EXPECT_EQ(zone.utc_of(autumn + 3600 + 1800), autumn - 1800);
  EXPECT_FALSE(TimeZone::parse("TZif").ok());
  EXPECT_FALSE(TimeZone::parse(zone_file(spring, autumn).substr(0, 120)).ok());
}

TEST(TimeZone, days_and_years_agree_over_four_centuries) {
  EXPECT_EQ(days_of(1970, 1, 1), 0);
  EXPECT_EQ(days_of(2000, 3, 1), 11'017);
  for (std::int64_t year = 1850; year < 2250; ++year) {
    EXPECT_EQ(year_of(days_of(year, 1, 1)), year);
    EXPECT_EQ(year_of(days_of(year, 12, 31)), year);
  }
}

}  // namespace
}  // namespace berth::observe
