#pragma once

#include <cstdint>
#include <span>

#include "observe/promql/function.h"
#include "observe/promql/sample_source.h"

namespace berth::promql {

/// One window of one series: its samples, without stale ones, and its bounds, both included.
struct Window {
  std::span<const Sample> samples;  // at least one
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t now = 0;  // the moment of evaluation
};

/// What a function of range vectors gives for a window, stale_marker for nothing. `a` and `b` are
/// its scalars. Prometheus 2.42, promql/functions.go: extrapolatedRate, instantValue,
/// linearRegression and the rest.
double fold_window(FunctionId id, const Window& window, double a, double b);

/// The value that a part `q` does not exceed, interpolated; sorts.
double quantile_of(double q, std::span<double> values);

/// Neumaier's summation: what adding loses is added in the end.
struct ExactSum {
  double sum = 0;
  double lost = 0;

  void add(double value);
  double total() const;
};

}  // namespace berth::promql
