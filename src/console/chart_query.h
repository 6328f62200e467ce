#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/time.h"
#include "console/sources.h"
#include "http/router.h"
#include "observe/series_source.h"

namespace berth::console {

struct ChartQueryOptions {
  std::size_t queries_max = 300;         // of one request; beyond: 400
  std::size_t points_max = 2'000;        // of a series; beyond: 400
  std::size_t series_max = 200;          // of a query; those beyond are counted and left out
  std::size_t samples_max = 20'000'000;  // of a query, held at once; beyond: its error
  std::size_t requests_max = 8;          // computed at once; beyond: 503
  Duration time_max = 20s;               // of one request; beyond: 503
  std::size_t body_bytes_max = 1 << 20;
};

/// POST /v1/charts (docs/formats/dashboards.md): many expressions of PromQL over the same moments
/// in one answer, so that a page of charts asks once a second. What several expressions select is
/// fetched once; they are computed on a worker. `until` tells the second (since 1970) until which
/// is counted: later moments are not answered. All outlive the router.
void add_chart_route(http::Router& router, const Sources& sources, observe::SeriesSource& source,
                     std::function<std::int64_t()> until, ChartQueryOptions options = {});

}  // namespace berth::console
