#include "http/cookie.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "base/address.h"
#include "base/strings.h"

namespace berth::http {
namespace {

constexpr std::size_t name_and_value_bytes_max = 4096;
constexpr std::size_t attribute_bytes_max = 1024;

std::string_view trim_blanks(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text,
                             [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

std::optional<Duration> read_max_age(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  if (negative) return Duration::zero();
  // Beyond a hundred years all is the same.
  constexpr std::int64_t most = 100LL * 366 * 24 * 3600;
  auto seconds = parse_integer<std::int64_t>(digits, 0, most);
  return std::chrono::seconds(std::move(seconds).value_or(most));
}

void read_attribute(std::string_view name, std::string_view value, SetCookie& cookie) {
  if (value.size() > attribute_bytes_max) return;
  if (equal_ignoring_case(name, "expires")) {
    if (auto date = parse_cookie_date(value)) cookie.expires = date;
  } else if (equal_ignoring_case(name, "max-age")) {
    if (auto age = read_max_age(value)) cookie.lifetime = age;
  } else if (equal_ignoring_case(name, "domain")) {
    if (value.starts_with('.')) value.remove_prefix(1);
    cookie.domain = lower(value);
  } else if (equal_ignoring_case(name, "path")) {
    cookie.path = value.starts_with('/') ? value : "";
  } else if (equal_ignoring_case(name, "secure")) {
    cookie.secure = true;
  } else if (equal_ignoring_case(name, "httponly")) {
    cookie.http_only = true;
  }
}

/// Section 5.1.1: everything but digits, letters, ':' and bytes above 127.
bool is_date_delimiter(unsigned char c) {
  return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
         (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

struct Date {
  std::optional<int> hour, minute, second, day, month, year;
};

/// The number of `least` to `most` digits at the front of `text`, behind which no digit follows.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits < least || digits > most) return std::nullopt;
  int value = parse_integer<int>(text.substr(0, digits)).value();
  text.remove_prefix(digits);
  return value;
}

bool take_time(std::string_view token, Date& date) {
  auto hour = take_number(token, 1, 2);
  if (!hour || !token.starts_with(':')) return false;
  token.remove_prefix(1);
  auto minute = take_number(token, 1, 2);
  if (!minute || !token.starts_with(':')) return false;
  token.remove_prefix(1);
  auto second = take_number(token, 1, 2);
  if (!second) return false;
  date.hour = hour, date.minute = minute, date.second = second;
  return true;
}

std::optional<int> month_of(std::string_view token) {
  constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < months.size(); ++i) {
    if (equal_ignoring_case(token.substr(0, 3), months[i])) return static_cast<int>(i) + 1;
  }
  return std::nullopt;
}

/// A token is the first of these that it may be and that was not there yet.
void take_token(std::string_view token, Date& date) {
  if (!date.hour && take_time(token, date)) return;
  std::string_view rest = token;
  if (!date.day) {
    if (auto day = take_number(rest, 1, 2)) return void(date.day = day);
  }
  if (!date.month) {
    if (auto month = month_of(token)) return void(date.month = month);
  }
  rest = token;
  if (!date.year) date.year = take_number(rest, 2, 4);
}

}  // namespace

std::optional<WallTime> parse_cookie_date(std::string_view text) {
  Date date;
  while (!text.empty()) {
    std::size_t begin = 0;
    while (begin < text.size() && is_date_delimiter(static_cast<unsigned char>(text[begin]))) {
      ++begin;
    }
    std::size_t end = begin;
    while (end < text.size() && !is_date_delimiter(static_cast<unsigned char>(text[end]))) ++end;
    if (end > begin) take_token(text.substr(begin, end - begin), date);
    text.remove_prefix(end);
  }
  if (!date.hour || !date.day || !date.month || !date.year) return std::nullopt;
  int year = *date.year;
  if (year >= 70 && year <= 99) year += 1900;
  if (year >= 0 && year <= 69) year += 2000;
  namespace calendar = std::chrono;
  calendar::year_month_day day{calendar::year(year),
                               calendar::month(static_cast<unsigned>(*date.month)),
                               calendar::day(static_cast<unsigned>(*date.day))};
  if (!day.ok() || year < 1601 || *date.hour > 23 || *date.minute > 59 || *date.second > 59) {
    return std::nullopt;
  }
  std::int64_t seconds =
      calendar::duration_cast<calendar::seconds>(calendar::sys_days(day).time_since_epoch())
          .count() +
      *date.hour * 3600 + *date.minute * 60 + *date.second;
  constexpr std::int64_t most = INT64_MAX / 1'000'000'000;
  return WallTime{std::clamp(seconds, -most, most) * 1'000'000'000};
}

std::optional<SetCookie> parse_set_cookie(std::string_view field) {
  if (has_control(field)) return std::nullopt;
  std::size_t semicolon = std::min(field.find(';'), field.size());
  std::string_view pair = field.substr(0, semicolon);
  field.remove_prefix(semicolon);
  std::size_t equals = pair.find('=');
  if (equals == pair.npos) return std::nullopt;
  SetCookie cookie;
  cookie.name = trim_blanks(pair.substr(0, equals));
  cookie.value = trim_blanks(pair.substr(equals + 1));
  if (cookie.name.empty()) return std::nullopt;
  if (cookie.name.size() + cookie.value.size() > name_and_value_bytes_max) return std::nullopt;
  while (!field.empty()) {
    field.remove_prefix(1);
    std::size_t end = std::min(field.find(';'), field.size());
    std::string_view attribute = field.substr(0, end);
    field.remove_prefix(end);
    std::size_t at = std::min(attribute.find('='), attribute.size());
    std::string_view value = attribute.substr(std::min(at + 1, attribute.size()));
    read_attribute(trim_blanks(attribute.substr(0, at)), trim_blanks(value), cookie);
  }
  return cookie;
}

bool domain_matches(std::string_view host, std::string_view domain) {
  if (host == domain) return true;
  if (domain.empty() || host.size() <= domain.size() || !host.ends_with(domain)) return false;
  if (host[host.size() - domain.size() - 1] != '.') return false;
  bool ip = host.find(':') != host.npos || Address::parse(host).ok();
  return !ip;
}

bool path_matches(std::string_view path, std::string_view cookie_path) {
  if (!path.starts_with(cookie_path)) return false;
  return path.size() == cookie_path.size() || cookie_path.ends_with('/') ||
         path[cookie_path.size()] == '/';
}

std::string_view default_cookie_path(std::string_view target) {
  std::string_view path = target.substr(0, target.find('?'));
  std::size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) return "/";
  return path.substr(0, slash);
}

}  // namespace berth::http
