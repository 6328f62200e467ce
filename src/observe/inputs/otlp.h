#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace berth::observe {

// OTLP's messages of logs and metrics as values (opentelemetry-proto 1.3: logs.proto,
// metrics.proto), read from protobuf or from its JSON form, with what observation has a use for.

using OtlpAttributes = std::vector<std::pair<std::string, Json>>;

struct OtlpLog {
  std::uint64_t time = 0;      // nanoseconds since 1970; 0: not told
  std::uint64_t observed = 0;  // likewise
  int severity = 0;            // 1 to 24; 0: not told
  std::string severity_text;
  Json body;
  OtlpAttributes attributes;
  std::string trace_id;  // hexadecimal
  std::string span_id;
};

struct OtlpPoint {
  std::uint64_t start = 0;  // nanoseconds since 1970; 0: not told
  std::uint64_t time = 0;   // likewise
  OtlpAttributes attributes;
  std::optional<double> value;  // of gauges and sums
  std::uint64_t count = 0;      // of the others
  std::optional<double> sum;
  std::vector<std::uint64_t> buckets;  // of histograms: one more than bounds
  std::vector<double> bounds;
  std::vector<std::pair<double, double>> quantiles;  // of summaries
  int scale = 0;                                     // of exponential histograms
  std::uint64_t zeros = 0;
  int positive_offset = 0;
  std::vector<std::uint64_t> positive;
  int negative_offset = 0;
  std::vector<std::uint64_t> negative;
  bool no_value = false;  // it is a gap (FLAG_NO_RECORDED_VALUE)
};

struct OtlpMetric {
  enum class Kind : std::uint8_t { none, gauge, sum, histogram, exponential, summary };

  std::string name;
  std::string description;
  std::string unit;
  Kind kind = Kind::none;
  int temporality = 0;  // 1: delta, 2: cumulative
  bool monotonic = false;
  std::vector<OtlpPoint> points;
};

/// What one resource has sent.
struct OtlpResource {
  OtlpAttributes attributes;
  std::vector<OtlpLog> logs;
  std::vector<OtlpMetric> metrics;
};

struct OtlpLimits {
  std::size_t items_max = 100'000;  // records or points of one request
  std::size_t depth_max = 8;        // of values within values; deeper ones are left out
};

enum class OtlpSignal : std::uint8_t { logs, metrics };

/// invalid: no such message, or one beyond the limits.
Result<std::vector<OtlpResource>> read_otlp(std::string_view text, OtlpSignal signal,
                                            const OtlpLimits& limits = {});
Result<std::vector<OtlpResource>> read_otlp_json(std::string_view text, OtlpSignal signal,
                                                 const OtlpLimits& limits = {});

}  // namespace berth::observe
