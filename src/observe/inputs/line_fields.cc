#include "observe/inputs/line_fields.h"

#include <cmath>
#include <initializer_list>

#include "base/strings.h"
#include "observe/parse/date_format.h"

namespace berth::observe {
namespace {

std::string first_of(const Record& record, std::initializer_list<std::string_view> names) {
  for (auto name : names) {
    std::string text = record.text_of(name);
    if (!text.empty()) return text;
  }
  return "";
}

std::optional<WallTime> time_of(const Json& value) {
  if (auto number = value.number()) return time_of_number(*number);
  if (auto* text = value.string()) return read_rfc3339(*text);
  return std::nullopt;
}

}  // namespace

std::optional<LogLevel> level_called(std::string_view word) {
  std::string text = lower(word);
  auto is = [&](std::initializer_list<std::string_view> words) {
    for (auto each : words) {
      if (text == each) return true;
    }
    return false;
  };
  if (is({"trace", "debug", "dbg", "verbose"})) return LogLevel::debug;
  if (is({"info", "informational", "notice", "information"})) return LogLevel::info;
  if (is({"warn", "warning", "wrn"})) return LogLevel::warning;
  if (is({"error", "err", "critical", "crit", "fatal", "panic", "alert", "emergency", "emerg",
          "severe"})) {
    return LogLevel::error;
  }
  return std::nullopt;
}

std::optional<WallTime> time_of_number(double value) {
  // Seconds of the years 1973 to 5138 are between 1e8 and 1e11, and so on by a thousand each.
  if (!std::isfinite(value) || value < 1e8) return std::nullopt;
  double scale = value < 1e11 ? 1e9 : value < 1e14 ? 1e6 : value < 1e17 ? 1e3 : 1;
  double nanoseconds = value * scale;
  if (nanoseconds > 9e18) return std::nullopt;
  return WallTime{static_cast<std::int64_t>(nanoseconds)};
}

void FieldsLine::tell(std::string_view whole, WallTime now) {
  text = first_of(record, {"message", "log", "body"});
  if (text.empty()) text = whole;
  if (service.empty()) {
    service =
        first_of(record, {"service", "service.name", "app", "application", "program", "name"});
  }
  if (host.empty()) host = first_of(record, {"host", "hostname", "host.name"});
  line.level = level_called(record.text_of("level"));
  const Json* time = record.find("time");
  std::optional<WallTime> told;
  if (time) told = time_of(*time);
  line.time = told.value_or(now);
  line.text = text;
  line.service = service;
  line.host = host;
  line.fields = &record;
}

}  // namespace berth::observe
