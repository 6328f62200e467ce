#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

namespace berth {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::int64_t second = 1'000'000'000;
constexpr std::array duration_units = {
    Unit{"d", 86400 * second}, Unit{"h", 3600 * second}, Unit{"m", 60 * second}, Unit{"s", second},
    Unit{"ms", 1'000'000},     Unit{"us", 1000},         Unit{"µs", 1000},       Unit{"ns", 1}};
constexpr std::array size_units = {Unit{"B", 1},
                                   Unit{"KB", 1000},
                                   Unit{"KiB", 1024},
                                   Unit{"MB", 1'000'000},
                                   Unit{"MiB", std::int64_t{1} << 20},
                                   Unit{"GB", 1'000'000'000},
                                   Unit{"GiB", std::int64_t{1} << 30},
                                   Unit{"TB", 1'000'000'000'000},
                                   Unit{"TiB", std::int64_t{1} << 40}};

bool digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal number as digits * 10^-fraction_digits, taken from the front of the text.
struct Decimal {
  __int128 digits = 0;
  int fraction_digits = 0;

  /// The number times `factor`, if that is a whole number of 64 bits.
  std::optional<std::int64_t> times(std::int64_t factor) const {
    __int128 product = digits * factor;
    for (int i = 0; i < fraction_digits; i++) {
      if (product % 10 != 0) return std::nullopt;
      product /= 10;
    }
    if (product > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return static_cast<std::int64_t>(product);
  }
};

/// Takes "12" or "12.5" from the front: digits on both sides of a point, 19 at most.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal out;
  std::size_t at = 0;
  std::size_t digits = 0;
  bool point = false;
  for (; at < text.size(); at++) {
    if (text[at] == '.' && !point && at > 0) {
      point = true;
    } else if (digit(text[at])) {
      if (++digits > 19) return std::nullopt;
      out.digits = out.digits * 10 + (text[at] - '0');
      out.fraction_digits += point;
    } else {
      break;
    }
  }
  if (at == 0 || !digit(text[at - 1])) return std::nullopt;
  text.remove_prefix(at);
  return out;
}

const Unit* find(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

Error wrong(std::string_view text, std::string_view expected) {
  return Error(Code::invalid, fmt::format("'{}' is not {}", text.substr(0, 60), expected));
}

/// Up to one digit behind the point below 10, none above.
std::string rounded(double value) {
  if (value < 9.95) {
    double tenths = std::round(value * 10) / 10;
    return tenths == std::floor(tenths) ? fmt::format("{:.0f}", tenths)
                                        : fmt::format("{:.1f}", tenths);
  }
  return fmt::format("{:.0f}", value);
}

std::string two_units(std::int64_t seconds, std::int64_t large, std::string_view large_name,
                      std::int64_t small, std::string_view small_name) {
  std::int64_t smalls = (seconds + small / 2) / small;
  std::int64_t per_large = large / small;
  std::string out = fmt::format("{} {}", smalls / per_large, large_name);
  if (smalls % per_large) out += fmt::format(" {} {}", smalls % per_large, small_name);
  return out;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  constexpr std::string_view expected =
      "a duration: write numbers with units, such as 250ms, 5s or 1h30m";
  std::string_view rest = text;
  std::int64_t sum = 0;
  std::int64_t last_factor = std::numeric_limits<std::int64_t>::max();
  if (rest.empty()) return wrong(text, expected);
  while (!rest.empty()) {
    std::optional<Decimal> number = take_decimal(rest);
    if (!number) return wrong(text, expected);
    std::size_t end = 0;
    while (end < rest.size() && !digit(rest[end])) end++;
    const Unit* unit = find(duration_units, rest.substr(0, end));
    if (!unit || unit->factor >= last_factor) return wrong(text, expected);
    std::optional<std::int64_t> part = number->times(unit->factor);
    if (!part || __builtin_add_overflow(sum, *part, &sum))
      return wrong(text, "a duration that Berth can count: whole nanoseconds, at most 292 years");
    last_factor = unit->factor;
    rest.remove_prefix(end);
  }
  return Duration(sum);
}

Result<std::int64_t> parse_size(std::string_view text) {
  constexpr std::string_view expected =
      "a size: write a number of bytes or one with a unit, such as 64KB, 128MiB or 1GiB";
  std::string_view rest = text;
  std::optional<Decimal> number = take_decimal(rest);
  const Unit* unit = find(size_units, rest.empty() ? "B" : rest);
  if (!number || !unit) return wrong(text, expected);
  std::optional<std::int64_t> bytes = number->times(unit->factor);
  if (!bytes) return wrong(text, "a whole number of bytes below 2^63");
  return *bytes;
}

Result<std::int64_t> parse_cpu(std::string_view text) {
  constexpr std::int64_t millicores_max = 1'000'000;
  std::string_view rest = text;
  std::optional<Decimal> number = take_decimal(rest);
  if (!number || (!rest.empty() && rest != "m"))
    return wrong(text,
                 "a share of cores: write 200m (thousandths of a core), 0.5, or a number of cores");
  std::optional<std::int64_t> millicores = number->times(rest.empty() ? 1000 : 1);
  if (!millicores || *millicores > millicores_max)
    return wrong(text, "whole thousandths of a core, at most 1000 cores");
  return *millicores;
}

std::string write_duration(Duration value) {
  std::int64_t rest = value.count();
  if (rest == 0) return "0s";
  std::string out = rest < 0 ? "-" : "";
  auto left = rest < 0 ? 0 - static_cast<std::uint64_t>(rest) : static_cast<std::uint64_t>(rest);
  for (const Unit& unit : duration_units) {
    auto factor = static_cast<std::uint64_t>(unit.factor);
    if (left >= factor) out += fmt::format("{}{}", left / factor, unit.name);
    left %= factor;
  }
  return out;
}

std::string write_size(std::int64_t bytes) {
  for (std::size_t i = size_units.size() - 1; i >= 2; i -= 2)
    if (bytes != 0 && bytes % size_units[i].factor == 0)
      return fmt::format("{}{}", bytes / size_units[i].factor, size_units[i].name);
  return fmt::format("{}B", bytes);
}

std::string write_cpu(std::int64_t millicores) {
  return millicores % 1000 == 0 ? fmt::format("{}", millicores / 1000)
                                : fmt::format("{}m", millicores);
}

std::string format_duration(Duration value) {
  std::int64_t n = value.count();
  if (n < 0) return "-" + format_duration(Duration(n == INT64_MIN ? INT64_MAX : -n));
  if (n < 1000) return fmt::format("{} ns", n);
  auto count = static_cast<double>(n);
  if (count < 999.5e3) return rounded(count / 1e3) + " µs";
  if (count < 999.5e6) return rounded(count / 1e6) + " ms";
  if (count < 59.5e9) return rounded(count / 1e9) + " s";
  std::int64_t seconds = n / second + (n % second >= second / 2);
  if (seconds < 3600) return two_units(seconds, 60, "min", 1, "s");
  if (seconds < 86400 - 30) return two_units(seconds, 3600, "h", 60, "min");
  return two_units(seconds, 86400, "d", 3600, "h");
}

std::string format_size(std::int64_t bytes) {
  if (bytes < 0) return "-" + format_size(bytes == INT64_MIN ? INT64_MAX : -bytes);
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  for (std::string_view unit : {"KiB", "MiB", "GiB", "TiB"}) {
    value /= 1024;
    if (value < 1023.5) return rounded(value) + " " + std::string(unit);
  }
  return rounded(value / 1024) + " PiB";
}

}  // namespace berth
