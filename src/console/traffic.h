#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "observe/counted_series.h"

namespace berth::console {

/// True for an answer that counts as an error: the service's fault, not its caller's. 0: no answer.
constexpr bool is_error(int status) { return status <= 0 || status >= 500; }

/// What was counted of the requests to one service in the last minute, second by second.
struct ServiceTraffic {
  static constexpr std::size_t seconds = 60;
  static constexpr std::size_t window = 10;  // of rates, shares and medians

  std::array<double, seconds> requests{};  // oldest first
  std::array<double, seconds> errors{};
  std::map<int, double> errors_by_status;  // of the window
  std::optional<double> median_seconds;    // of the window; none without a request

  /// Of the last `count` seconds.
  double requests_in(std::size_t count) const;
  double errors_in(std::size_t count) const;
  double requests_per_second() const { return requests_in(window) / window; }
  double errors_per_second() const { return errors_in(window) / window; }
  /// Of the window; none without a request.
  std::optional<double> errors_share() const;
};

/// By service; those without a request in the last minute are missing.
using Traffic = std::map<std::string, ServiceTraffic, std::less<>>;

/// The minute before `until` (seconds since 1970, not included).
Traffic read_traffic(const observe::CountedSeries& counted, std::int64_t until);

/// One edge of the map of who calls whom.
struct Call {
  std::string from;
  std::string to;
  double requests_per_second = 0;  // of the last 10 s
  double errors_share = 0;
  std::optional<double> median_seconds;
};

/// The pairs seen in the minute before `until`, by caller and called.
std::vector<Call> read_calls(const observe::CountedSeries& counted, std::int64_t until);

/// Where a run of errors begins: the index from which the errors exceed `share` of the requests by
/// the most in total, up to the end. Equal to the size if they never do.
std::size_t errors_onset(const std::vector<double>& requests, const std::vector<double>& errors,
                         double share);

}  // namespace berth::console
