#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/promql/labels.h"
#include "observe/series_source.h"

namespace berth::observe {

struct ExposedSample {
  promql::Labels labels;  // the name among them
  double value = 0;
  std::optional<std::int64_t> time;  // milliseconds since 1970
};

/// What a program tells of itself at /metrics.
struct Exposition {
  std::vector<ExposedSample> samples;
  std::vector<MetricAbout> about;
};

struct ExpositionLimits {
  std::size_t samples_max = 200'000;
  std::size_t labels_max = 64;  // of a sample
};

/// Prometheus' text format 0.0.4, or OpenMetrics 1.0 (times in seconds, `# EOF` at the end,
/// exemplars, which are left out). invalid: "line 7: ...", and beyond the limits.
Result<Exposition> read_exposition(std::string_view text, bool open_metrics,
                                   const ExpositionLimits& limits = {});

}  // namespace berth::observe
