#include "observe/parse/date_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"

namespace berth::observe {
namespace {

constexpr std::array<std::string_view, 12> months{"january",   "february", "march",    "april",
                                                  "may",       "june",     "july",     "august",
                                                  "september", "october",  "november", "december"};

struct NamedZone {
  std::string_view name;
  int hours;
};
// RFC 822 section 5, and what middle Europe writes.
constexpr std::array<NamedZone, 14> zones{{{"UTC", 0},
                                           {"GMT", 0},
                                           {"UT", 0},
                                           {"Z", 0},
                                           {"EST", -5},
                                           {"EDT", -4},
                                           {"CST", -6},
                                           {"CDT", -5},
                                           {"MST", -7},
                                           {"MDT", -6},
                                           {"PST", -8},
                                           {"PDT", -7},
                                           {"CET", 1},
                                           {"CEST", 2}}};

/// What was read of a date so far.
struct Reading {
  std::string_view rest;
  std::optional<std::int64_t> year;
  std::int64_t month = 1, day = 1, hour = 0, minute = 0, second = 0, nanoseconds = 0;
  std::optional<std::int32_t> offset;
  std::optional<std::int64_t> unix_nanoseconds;
  std::optional<bool> afternoon;

  bool digits(std::size_t least, std::size_t most, std::int64_t& out) {
    std::size_t size = 0;
    out = 0;
    while (size < most && size < rest.size() && rest[size] >= '0' && rest[size] <= '9') {
      out = out * 10 + (rest[size++] - '0');
    }
    rest.remove_prefix(size);
    return size >= least;
  }
  bool skip(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::string_view letters() {
    std::size_t size = 0;
    while (size < rest.size() && ((rest[size] | 0x20) >= 'a' && (rest[size] | 0x20) <= 'z')) ++size;
    auto out = rest.substr(0, size);
    rest.remove_prefix(size);
    return out;
  }
  bool fraction(std::size_t most) {
    std::int64_t value = 0;
    std::size_t before = rest.size();
    if (!digits(1, most, value)) return false;
    for (std::size_t i = before - rest.size(); i < 9; ++i) value *= 10;
    nanoseconds = value;
    return true;
  }
  bool month_name() {
    std::string name = lower(letters());
    for (std::size_t i = 0; i < months.size(); ++i) {
      if (name.size() >= 3 && months[i].starts_with(name)) {
        month = static_cast<std::int64_t>(i) + 1;
        return true;
      }
    }
    return false;
  }
  bool numeric_zone() {
    if (skip('Z')) return offset = 0, true;
    bool west = rest.starts_with('-');
    std::int64_t hours = 0;
    std::int64_t minutes = 0;
    if (!skip('+') && !skip('-')) return false;
    if (!digits(2, 2, hours)) return false;
    skip(':');
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9' && !digits(2, 2, minutes)) return false;
    auto seconds = static_cast<std::int32_t>(hours * 3600 + minutes * 60);
    offset = west ? -seconds : seconds;
    return hours < 24 && minutes < 60;
  }
  bool named_zone() {
    std::string_view name = letters();
    for (auto& zone : zones) {
      if (zone.name == name) return offset = zone.hours * 3600, true;
    }
    return false;
  }
};

bool read_year(Reading& in, std::size_t many) {
  std::int64_t year = 0;
  if (!in.digits(many == 2 ? 2 : 4, many == 2 ? 2 : 4, year)) return false;
  in.year = many == 2 ? year + (year < 70 ? 2000 : 1900) : year;
  return true;
}

bool read_part(Reading& in, char letter, std::size_t many) {
  std::size_t least = many;
  std::size_t most = std::max<std::size_t>(many, 2);
  switch (letter) {
    case 'y':
    case 'Y':
      return read_year(in, many);
    case 'M':
      return many >= 3 ? in.month_name() : in.digits(least, most, in.month);
    case 'd':
      if (many == 1) in.skip(' ');  // padded, as syslog's
      return in.digits(least, most, in.day);
    case 'H':
    case 'h':
      return in.digits(least, most, in.hour);
    case 'm':
      return in.digits(least, most, in.minute);
    case 's':
      return in.digits(least, most, in.second);
    case 'S':
      return in.fraction(9);
    case 'a': {
      std::string half = lower(in.letters());
      in.afternoon = half == "pm";
      return half == "am" || half == "pm";
    }
    case 'E':
      return !in.letters().empty();
    case 'Z':
      return in.numeric_zone();
    case 'z':
      return in.named_zone();
    default:
      return false;
  }
}

std::int64_t days_in(std::int64_t year, std::int64_t month) {
  auto of = [&](std::int64_t y, std::int64_t m) { return days_of(y, static_cast<unsigned>(m), 1); };
  return (month == 12 ? of(year + 1, 1) : of(year, month + 1)) - of(year, month);
}

std::optional<WallTime> time_in(const Reading& in, std::int64_t year, const DateContext& context) {
  if (in.day > days_in(year, in.month)) return std::nullopt;
  auto days = days_of(year, static_cast<unsigned>(in.month), static_cast<unsigned>(in.day));
  std::int64_t hour = in.afternoon ? in.hour % 12 + (*in.afternoon ? 12 : 0) : in.hour;
  std::int64_t local = days * 86'400 + hour * 3600 + in.minute * 60 + in.second;
  std::int64_t utc = in.offset ? local - *in.offset : context.zone.utc_of(local);
  return WallTime{utc * 1'000'000'000 + in.nanoseconds};
}

std::optional<WallTime> time_of(const Reading& in, const DateContext& context) {
  if (in.unix_nanoseconds) return WallTime{*in.unix_nanoseconds};
  if (in.month < 1 || in.month > 12 || in.day < 1 || in.hour > 23 || in.minute > 59 ||
      in.second > 60) {
    return std::nullopt;
  }
  // What does not fit 64 bits of nanoseconds is no date that a log has.
  if (in.year)
    return *in.year >= 1700 && *in.year <= 2250 ? time_in(in, *in.year, context) : std::nullopt;
  std::int64_t this_year = year_of(context.now.nanoseconds / 86'400'000'000'000);
  std::optional<WallTime> nearest;
  for (std::int64_t year = this_year - 1; year <= this_year + 1; ++year) {
    auto time = time_in(in, year, context);
    if (!time) continue;
    auto far = [&](WallTime t) { return std::abs(t.nanoseconds - context.now.nanoseconds); };
    if (!nearest || far(*time) < far(*nearest)) nearest = time;
  }
  return nearest;
}

bool read_unix(Reading& in, std::int64_t unit) {
  std::int64_t whole = 0;
  if (!in.digits(1, 13, whole) || whole > 9'000'000'000'000'000'000 / unit) return false;
  if (unit == 1'000'000'000 && in.skip('.') && !in.fraction(9)) return false;
  in.unix_nanoseconds = whole * unit + in.nanoseconds;
  return true;
}

}  // namespace

Result<DateFormat> DateFormat::compile(std::string_view form) {
  DateFormat out;
  if (form == "ISO8601") {
    for (auto day : {"yyyy-MM-dd'T'", "yyyy-MM-dd "}) {
      for (auto time : {"HH:mm:ss.SZ", "HH:mm:ss,SZ", "HH:mm:ssZ", "HH:mm:ss.S", "HH:mm:ss,S",
                        "HH:mm:ss", "HH:mmZ", "HH:mm"}) {
        out.forms_.push_back(TRY(compile(std::string(day) + time)));
      }
    }
    return out;
  }
  if (form == "RFC3164") form = "MMM d HH:mm:ss";
  if (form == "UNIX" || form == "UNIX_MS") {
    out.parts_.push_back({form == "UNIX" ? '1' : '2', 1, ""});
    return out;
  }
  for (std::size_t at = 0; at < form.size();) {
    std::size_t column = position_of(form, at).column;
    char c = form[at];
    if (c == '\'') {
      std::size_t close = form.find('\'', at + 1);
      if (close == form.npos) {
        return Error(Code::invalid, fmt::format("column {}: this ' is not closed", column));
      }
      out.parts_.push_back({0, 0, std::string(form.substr(at + 1, close - at - 1))});
      at = close + 1;
      continue;
    }
    if ((c | 0x20) < 'a' || (c | 0x20) > 'z') {
      out.parts_.push_back({0, 0, std::string(1, c)});
      ++at;
      continue;
    }
    if (!std::string_view("yYMdHhmsSaEZz").contains(c)) {
      return Error(Code::invalid,
                   fmt::format("column {}: '{}' is not known; text stands in '...'", column, c));
    }
    std::size_t many = std::min(form.find_first_not_of(c, at), form.size()) - at;
    out.parts_.push_back({c, many, ""});
    at += many;
  }
  return out;
}

std::optional<WallTime> DateFormat::read(std::string_view text, const DateContext& context) const {
  for (auto& form : forms_) {
    if (auto time = form.read(text, context)) return time;
  }
  if (!forms_.empty()) return std::nullopt;
  Reading in{text};
  for (auto& part : parts_) {
    if (part.letter == '1' || part.letter == '2') {
      if (!read_unix(in, part.letter == '1' ? 1'000'000'000 : 1'000'000)) return std::nullopt;
    } else if (part.letter != 0) {
      if (!read_part(in, part.letter, part.many)) return std::nullopt;
    } else {
      if (!in.rest.starts_with(part.text)) return std::nullopt;
      in.rest.remove_prefix(part.text.size());
    }
  }
  return in.rest.empty() ? time_of(in, context) : std::nullopt;
}

std::optional<WallTime> read_rfc3339(std::string_view text) {
  Reading in{text};
  in.year.emplace();
  bool good = in.digits(4, 4, *in.year) && in.skip('-') && in.digits(2, 2, in.month) &&
              in.skip('-') && in.digits(2, 2, in.day) && (in.skip('T') || in.skip('t')) &&
              in.digits(2, 2, in.hour) && in.skip(':') && in.digits(2, 2, in.minute) &&
              in.skip(':') && in.digits(2, 2, in.second);
  if (good && in.skip('.')) good = in.fraction(9);
  if (!good || !in.numeric_zone() || !in.rest.empty()) return std::nullopt;
  return time_of(in, {});
}

}  // namespace berth::observe
