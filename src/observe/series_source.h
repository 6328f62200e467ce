#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "async/deferred.h"
#include "observe/promql/sample_source.h"

namespace berth::observe {

/// What a metric is, for those who choose one.
struct MetricAbout {
  std::string name;
  std::string type;  // Prometheus' words: "counter", "gauge", "histogram", "unknown"
  std::string help;
  std::string unit;
};

/// Series under Prometheus' names and labels, for its API. Belongs to one reactor.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  /// Series with their samples; overloaded: more than `samples_max` samples.
  virtual Deferred<std::vector<promql::SampleSeries>> select(promql::Selection selection,
                                                             std::size_t samples_max) = 0;
  /// The label sets of series that have samples in the selection's range.
  virtual Deferred<std::vector<promql::Labels>> label_sets(promql::Selection selection) = 0;
  virtual std::vector<MetricAbout> about() const = 0;
};

}  // namespace berth::observe
