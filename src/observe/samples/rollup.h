#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "observe/promql/sample_source.h"

namespace berth::observe {

/// A rollup of a series keeps, for each five minutes, the last value, the count, sum, least and
/// most of its samples, each as a series of its own with this label. Who asks for a series without
/// the label gets the last values, under the series' own labels, where its samples are gone; who
/// asks with it, as `x{__rollup__="max"}`, gets that.
inline constexpr std::string_view rollup_label = "__rollup__";
inline constexpr std::string_view rollup_folds[] = {"last", "count", "sum", "min", "max"};
inline constexpr std::int64_t rollup_interval = 300'000;  // milliseconds

/// The samples of each fold, in the order of rollup_folds, each at the time of its interval's last
/// sample. Stale markers count for nothing but as the last one. A first sample of 0 stays with the
/// last values: a counter's begin.
struct Rollup {
  std::vector<promql::Sample> folds[std::size(rollup_folds)];

  void add(std::span<const promql::Sample> samples);
};

/// Whether a series that the matchers accept is meant: any without the label, "last" for those who
/// do not ask for the label, all for those who do.
bool wants_rollup(const promql::Selection& selection, const promql::Labels& labels);
/// The labels under which it is answered.
promql::Labels shown_labels(const promql::Selection& selection, const promql::Labels& labels);
/// Puts the last values of rollups before the samples of their series.
void join_rollups(const promql::Selection& selection, std::vector<promql::SampleSeries>& series);

}  // namespace berth::observe
