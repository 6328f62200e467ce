#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "observe/series_source.h"

namespace berth::observe {

/// Several sources as one: what Berth counts itself, and what was written to it. The sources
/// outlive it; where two have a series of the same labels, both come.
class JoinedSeries final : public SeriesSource {
 public:
  explicit JoinedSeries(std::vector<SeriesSource*> sources) : sources_(std::move(sources)) {}

  Deferred<std::vector<promql::SampleSeries>> select(promql::Selection selection,
                                                     std::size_t samples_max) override {
    std::vector<promql::SampleSeries> all;
    for (auto* source : sources_) {
      auto found = co_await source->select(selection, samples_max);
      for (auto& series : found) {
        samples_max -= std::min(samples_max, series.samples.size());
        all.push_back(std::move(series));
      }
    }
    co_return all;
  }

  Deferred<std::vector<promql::Labels>> label_sets(promql::Selection selection) override {
    std::vector<promql::Labels> all;
    for (auto* source : sources_) {
      auto found = co_await source->label_sets(selection);
      all.insert(all.end(), found.begin(), found.end());
    }
    co_return all;
  }

  std::vector<MetricAbout> about() const override {
    std::vector<MetricAbout> all;
    for (auto* source : sources_) {
      auto about = source->about();
      all.insert(all.end(), about.begin(), about.end());
    }
    return all;
  }

 private:
  std::vector<SeriesSource*> sources_;
};

}  // namespace berth::observe
