#include "observe/alerts/ask_series.h"

namespace berth::observe {

Deferred<std::vector<Found>> ask_series(SeriesSource& source, const promql::Query& query,
                                        WallTime at, std::size_t samples_max) {
  auto times = promql::QueryTimes::at(at.nanoseconds / 1'000'000);
  promql::QueryLimits limits;
  limits.samples_max = samples_max;
  std::vector<std::vector<promql::SampleSeries>> selected;
  for (auto& selection : query.selections(times, limits)) {
    selected.push_back(co_await source.select(selection, limits.samples_max));
  }
  auto result = co_await or_return(query.evaluate(times, limits, std::move(selected)));
  std::vector<Found> out;
  for (auto& series : result.series) {
    if (series.samples.empty()) continue;
    out.push_back({series.labels, series.samples.back().value});
  }
  co_return out;
}

}  // namespace berth::observe
