#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "observe/promql/labels.h"

namespace berth::observe {

struct GraphiteSample {
  promql::Labels labels;
  double value = 0;
  std::optional<std::int64_t> time;  // milliseconds since 1970; none: now
};

/// A line of Graphite's plaintext protocol: `PATH[;TAG=VALUE...] VALUE [SECONDS]`, with blanks or
/// tabs between (graphite.readthedocs.io, feeding-carbon; tags as in its 1.1). The path becomes the
/// series' name, its dots '_', and stands whole in the label `berth_name`; tags become labels. -1
/// or N as the time are now. invalid: a sentence that says why.
Result<GraphiteSample> read_graphite(std::string_view line);

}  // namespace berth::observe
