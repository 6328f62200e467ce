#pragma once

#include <vector>

#include "observe/samples/sample_store.h"
#include "observe/series_source.h"

namespace berth::observe {

/// All that a SampleStore has as Prometheus knows series: numbers as they are, and a distribution
/// as NAME_bucket{le=...}, beside the NAME_count and NAME_sum that stand in the store and at their
/// times (docs/formats/prometheus.md). Lives beside the store, on its reactor; keeps nothing.
class AllSeries final : public SeriesSource {
 public:
  explicit AllSeries(SampleStore& store) : store_(store) {}

  Deferred<std::vector<promql::SampleSeries>> select(promql::Selection selection,
                                                     std::size_t samples_max) override;
  Deferred<std::vector<promql::Labels>> label_sets(promql::Selection selection) override;
  std::vector<MetricAbout> about() const override;

 private:
  SampleStore& store_;
};

}  // namespace berth::observe
