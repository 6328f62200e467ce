#pragma once

#include <cstddef>
#include <string>

#include "async/world.h"
#include "base/time.h"
#include "http/router.h"
#include "observe/series_source.h"

namespace berth::observe {

struct PrometheusOptions {
  std::string prefix = "/prometheus";    // before /api/v1
  std::string version;                   // Berth's
  std::size_t points_max = 11'000;       // of a series in query_range; beyond: bad_data
  std::size_t samples_max = 20'000'000;  // of one query, held at once; beyond: execution
  Duration time_max = 120s;              // of one query, less if it asks for it; beyond: timeout
  std::size_t queries_max = 8;           // at once; beyond: unavailable
  std::size_t body_bytes_max = 1 << 20;
  Duration lookback = 300s;
};

/// Prometheus' HTTP API (prometheus.io/docs/prometheus/2.42/querying/api): query, query_range,
/// series, labels, label values, metadata, buildinfo; what cannot be answered is told in its words.
/// Queries are computed on workers. `world` and `source` outlive the router.
void add_prometheus_routes(http::Router& router, World& world, SeriesSource& source,
                           PrometheusOptions options);

}  // namespace berth::observe
