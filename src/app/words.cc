#include "app/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <optional>

#include "app/terminal.h"
#include "base/units.h"

namespace berth::app {
namespace {

template <class F>
std::string known(const Json& value, F text) {
  auto number = value.number();
  return number ? text(*number) : std::string("-");
}

/// Whole milliseconds; a time of the log store has parts of them.
std::optional<std::int64_t> milliseconds_of(const Json& time) {
  auto value = time.number();
  if (!value || !(std::abs(*value) < 1e15)) return std::nullopt;
  return static_cast<std::int64_t>(std::floor(*value));
}

/// With as many decimals as make three digits, without zeros at the end.
std::string three_digits(double value) {
  int whole = value == 0 ? 1 : static_cast<int>(std::floor(std::log10(std::fabs(value)))) + 1;
  std::string out = fmt::format("{:.{}f}", value, std::clamp(3 - whole, 0, 6));
  if (out.find('.') != std::string::npos) {
    while (out.ends_with('0')) out.pop_back();
    if (out.ends_with('.')) out.pop_back();
  }
  return out;
}

std::tm local(std::int64_t milliseconds) {
  std::time_t seconds = milliseconds / 1000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

std::string rate_text(double value) {
  if (value == 0) return "0";
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
}

std::string share_text(double value) {
  if (value == 0) return "0 %";
  if (value < 0.0005) return "<0.1 %";
  return value < 0.0995 ? fmt::format("{:.1f} %", value * 100)
                        : fmt::format("{:.0f} %", value * 100);
}

std::string seconds_text(double value) {
  return format_duration(Duration(std::llround(value * 1e9)));
}

std::string number_text(double value) {
  double size = std::fabs(value);
  if (size >= 999.5e6) return three_digits(value / 1e9) + " G";
  if (size >= 999.5e3) return three_digits(value / 1e6) + " M";
  if (size >= 9999.5) return three_digits(value / 1e3) + " k";
  return three_digits(value);
}

std::string rate_text(const Json& value) {
  return known(value, [](double number) { return rate_text(number); });
}
std::string share_text(const Json& value) {
  return known(value, [](double number) { return share_text(number); });
}
std::string seconds_text(const Json& value) {
  return known(value, [](double number) { return seconds_text(number); });
}

std::string counted(std::int64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string age_text(const Json& since, const Json& now) {
  auto from = since.integer();
  auto to = now.integer();
  if (!from || !to) return "-";
  std::int64_t seconds = (*to - *from) / 1000;
  if (seconds < 1) return "now";
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86400) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} d", seconds / 86400);
}

std::string clock_text(const Json& time) {
  auto milliseconds = milliseconds_of(time);
  if (!milliseconds) return "-";
  std::tm at = local(*milliseconds);
  return fmt::format("{:02}:{:02}:{:02}", at.tm_hour, at.tm_min, at.tm_sec);
}

std::string exact_clock_text(const Json& time) {
  auto milliseconds = milliseconds_of(time);
  if (!milliseconds) return "-";
  return fmt::format("{}.{:03}", clock_text(time), *milliseconds % 1000);
}

std::string text_of(const Json& value) {
  if (auto* text = value.string()) return printable(*text);
  return value.is_null() ? std::string() : value.text();
}

std::string text_or_dash(const Json& value) {
  std::string text = text_of(value);
  return text.empty() ? "-" : text;
}

}  // namespace berth::app
