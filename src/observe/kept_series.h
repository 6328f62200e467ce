#pragma once

#include <functional>
#include <vector>

#include "async/clock.h"
#include "observe/series_source.h"
#include "observe/series_store.h"

namespace berth::observe {

/// The store's series as Prometheus knows series (docs/formats/prometheus.md): what was counted in
/// each interval becomes a counter that grows, a distribution becomes buckets, `_sum` and `_count`,
/// Riemann's names become valid ones. Lives beside the store, on its reactor; keeps nothing.
class KeptSeries final : public SeriesSource {
 public:
  KeptSeries(const SeriesStore& store, Clock& clock) : store_(store), clock_(clock) {}

  Deferred<std::vector<promql::SampleSeries>> select(promql::Selection selection,
                                                     std::size_t samples_max) override;
  Deferred<std::vector<promql::Labels>> label_sets(promql::Selection selection) override;
  std::vector<MetricAbout> about() const override;

 private:
  /// Each series that it becomes, with its samples if `samples` are wanted.
  Result<std::vector<promql::SampleSeries>> found(const promql::Selection& selection,
                                                  std::size_t samples_max, bool samples) const;

  const SeriesStore& store_;
  Clock& clock_;
};

/// A Riemann service's name as a metric's name: what may not stand there becomes '_'.
std::string metric_name_of(std::string_view name);

}  // namespace berth::observe
