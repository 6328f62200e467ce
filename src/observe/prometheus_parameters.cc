#include "observe/prometheus_parameters.h"

#include <fmt/format.h>

#include <cmath>

#include "base/strings.h"
#include "http/url.h"
#include "observe/parse/date_format.h"
#include "observe/promql/lexer.h"

namespace berth::observe {
namespace {

constexpr double seconds_max = 9e12;  // beyond, milliseconds and a lookback would not fit

std::optional<double> number(std::string_view text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::int64_t> read_time(std::string_view text) {
  if (auto seconds = number(text); seconds && std::abs(*seconds) < seconds_max) {
    return static_cast<std::int64_t>(std::round(*seconds * 1000));
  }
  if (auto time = read_rfc3339(text)) return time->nanoseconds / 1'000'000;
  return Error(Code::invalid, fmt::format("cannot parse \"{}\" to a valid timestamp", text));
}

Result<std::int64_t> read_step(std::string_view text) {
  if (auto seconds = number(text)) {
    if (!(std::abs(*seconds) < 9e9)) {
      return Error(
          Code::invalid,
          fmt::format("cannot parse \"{}\" to a valid duration. It overflows int64", text));
    }
    return static_cast<std::int64_t>(std::round(*seconds * 1000));
  }
  if (auto duration = promql::read_duration(text); duration.ok()) return duration;
  return Error(Code::invalid, fmt::format("cannot parse \"{}\" to a valid duration", text));
}

}  // namespace

Error invalid_parameter(std::string_view name, std::string_view message) {
  return Error(Code::invalid, fmt::format("invalid parameter \"{}\": {}", name, message));
}

void PrometheusParameters::read(std::string_view form) {
  for (auto pair : split(form, '&')) {
    auto equals = std::min(pair.find('='), pair.size());
    auto name = http::percent_decode(pair.substr(0, equals), true);
    auto value = http::percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (name.ok() && value.ok() && !name->empty()) {
      list_.emplace_back(std::move(*name), std::move(*value));
    }
  }
}

std::string_view PrometheusParameters::value(std::string_view name) const {
  for (auto& [each, value] : list_) {
    if (each == name) return value;
  }
  return {};
}

std::vector<std::string_view> PrometheusParameters::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (auto& [each, value] : list_) {
    if (each == name) found.push_back(value);
  }
  return found;
}

Result<std::int64_t> PrometheusParameters::time(std::string_view name) const {
  auto time = read_time(value(name));
  if (!time.ok()) return invalid_parameter(name, time.error().message());
  return time;
}

Result<std::int64_t> PrometheusParameters::time(std::string_view name,
                                                std::int64_t otherwise) const {
  if (value(name).empty()) return otherwise;
  auto time = read_time(value(name));
  if (time.ok()) return time;
  return invalid_parameter(
      name, fmt::format("Invalid time value for '{}': {}", name, time.error().message()));
}

Result<std::int64_t> PrometheusParameters::duration(std::string_view name) const {
  auto duration = read_step(value(name));
  if (!duration.ok()) return invalid_parameter(name, duration.error().message());
  return duration;
}

}  // namespace berth::observe
