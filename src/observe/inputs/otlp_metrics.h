#pragma once

#include <functional>
#include <string>
#include <vector>

#include "observe/inputs/otlp.h"
#include "observe/promql/labels.h"
#include "observe/series_source.h"

namespace berth::observe {

/// What of a request was not taken, for its partial success.
struct OtlpRejected {
  std::uint64_t points = 0;
  std::string why;  // of the first
};

/// A resource's metrics as Prometheus' series (opentelemetry.io/docs/specs/otel/compatibility/
/// prometheus_and_openmetrics): names with their unit and, of growing sums, `_total`; `job` and
/// `instance` from service.namespace, service.name and service.instance.id; the other attributes of
/// the resource on `target_info`. An exponential histogram becomes buckets with its own bounds.
/// What a point of deltas tells is `added` to what the series had. `give` returns false for a
/// sample that is refused.
struct OtlpSample {
  promql::Labels labels;
  std::int64_t time = 0;  // milliseconds since 1970
  double value = 0;
  bool added = false;
  std::int64_t start = 0;  // of what is added; 0: not told
};
using GiveSample = std::function<bool(const OtlpSample& sample)>;
OtlpRejected give_otlp_metrics(const OtlpResource& resource, std::int64_t now,
                               const GiveSample& give);
/// What each of them is, for those who choose one.
std::vector<MetricAbout> about_otlp_metrics(const OtlpResource& resource);

/// As a label's value or a field's text: strings as they are, else JSON.
std::string otlp_text(const Json& value);

}  // namespace berth::observe
