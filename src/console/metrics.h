#pragma once

#include <string>

#include "console/overview.h"
#include "console/sources.h"

namespace berth::console {

/// What the console itself has under way, for /metrics.
struct ConsoleCounters {
  std::size_t live_readers = 0;
  std::size_t log_followers = 0;
  std::size_t deploys = 0;
};

/// GET /metrics: Berth's own counters in Prometheus' text format 0.0.4.
std::string metrics_text(const Sources& sources, const ApiOptions& options, Overview& overview,
                         const ConsoleCounters& counters);

}  // namespace berth::console
