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
/// Metrics of deltas are rejected: what they add up to is not known here. `give` returns false for
/// a sample that is refused.
using GiveSample = std::function<bool(const promql::Labels&, std::int64_t time, double value)>;
OtlpRejected give_otlp_metrics(const OtlpResource& resource, std::int64_t now,
                               const GiveSample& give);
/// What each of them is, for those who choose one.
std::vector<MetricAbout> about_otlp_metrics(const OtlpResource& resource);

/// As a label's value or a field's text: strings as they are, else JSON.
std::string otlp_text(const Json& value);

}  // namespace berth::observe
