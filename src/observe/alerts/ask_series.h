#pragma once

#include <vector>

#include "observe/alerts/rule_alerts.h"
#include "observe/promql/query.h"
#include "observe/series_source.h"

namespace berth::observe {

/// What an expression finds at one moment. Errors: those of the source and of the evaluation.
Deferred<std::vector<Found>> ask_series(SeriesSource& source, const promql::Query& query,
                                        WallTime at, std::size_t samples_max);

}  // namespace berth::observe
