#include "proxy/answers/http_date.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <string>

namespace berth::proxy {
namespace {

constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view days = "SunMonTueWedThuFriSat";

/// Reads a date's parts off its front; any part that is wrong makes all of it wrong.
class Parts {
 public:
  explicit Parts(std::string_view text) : rest_(text) {}

  void text(std::string_view expected) {
    if (!rest_.starts_with(expected)) good_ = false;
    rest_.remove_prefix(std::min(expected.size(), rest_.size()));
  }
  int number(std::size_t digits) {
    int value = 0;
    if (rest_.size() < digits) return fail();
    for (char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return fail();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  unsigned month() {
    std::size_t at = rest_.size() < 3 ? months.npos : months.find(rest_.substr(0, 3));
    if (at == months.npos || at % 3 != 0) return static_cast<unsigned>(fail());
    rest_.remove_prefix(3);
    return static_cast<unsigned>(at / 3 + 1);
  }
  Duration clock() {
    int hours = number(2);
    text(":");
    int minutes = number(2);
    text(":");
    int seconds = number(2);
    if (hours > 23 || minutes > 59 || seconds > 60) good_ = false;
    return hours * 1h + minutes * 1min + seconds * 1s;
  }
  bool starts_with(char c) const { return rest_.starts_with(c); }
  bool done() const { return good_ && rest_.empty(); }

 private:
  int fail() {
    good_ = false;
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

std::optional<WallTime> made(const Parts& parts, int year, unsigned month, int day, Duration time) {
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                   std::chrono::day(static_cast<unsigned>(day))};
  // Nanoseconds of 64 bits hold the years 1678 to 2261.
  if (!parts.done() || !date.ok() || year < 1700 || year > 2200) return std::nullopt;
  Duration since = std::chrono::sys_days(date).time_since_epoch() + time;
  return WallTime{since.count()};
}

int year_of(WallTime time) {
  std::chrono::sys_days day(std::chrono::floor<std::chrono::days>(Duration(time.nanoseconds)));
  return static_cast<int>(std::chrono::year_month_day(day).year());
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  std::size_t comma = text.find(',');
  if (comma == text.npos) {  // asctime: "Sun Nov  6 08:49:37 1994"
    if (text.size() != 24) return std::nullopt;
    Parts parts(text.substr(4));
    unsigned month = parts.month();
    parts.text(" ");
    bool one = parts.starts_with(' ');
    if (one) parts.text(" ");
    int day = parts.number(one ? 1 : 2);
    parts.text(" ");
    Duration time = parts.clock();
    parts.text(" ");
    int year = parts.number(4);
    return made(parts, year, month, day, time);
  }
  Parts parts(text.substr(comma + 1));
  parts.text(" ");
  int day = parts.number(2);
  bool short_year = parts.starts_with('-');  // RFC 850
  parts.text(short_year ? "-" : " ");
  unsigned month = parts.month();
  parts.text(short_year ? "-" : " ");
  int year = parts.number(short_year ? 2 : 4);
  if (short_year) {
    int present = year_of(now);
    year += present / 100 * 100;
    if (year > present + 50) year -= 100;
  }
  parts.text(" ");
  Duration time = parts.clock();
  parts.text(" GMT");
  return made(parts, year, month, day, time);
}

void append_http_date(std::string& out, WallTime time) {
  std::chrono::sys_time<std::chrono::nanoseconds> at{Duration(time.nanoseconds)};
  auto day = std::chrono::floor<std::chrono::days>(at);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(at - day));
  auto weekday = std::chrono::weekday(day).c_encoding();
  auto month = static_cast<unsigned>(date.month());
  fmt::format_to(std::back_inserter(out), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                 days.substr(weekday * 3, 3), static_cast<unsigned>(date.day()),
                 months.substr((month - 1) * 3, 3), static_cast<int>(date.year()),
                 clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace berth::proxy
