#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "observe/metric_names.h"
#include "observe/promql/sample_source.h"
#include "observe/samples/sketch.h"

namespace berth::observe {

/// What a query computes from each interval's points.
enum class Fold : std::uint8_t { value, rate, count, mean, p50, p90, p99, max };

struct SeriesQuery {
  std::string name;  // a short name of Berth's, or a Riemann service's
  /// Labels that must be equal; a label that is not named may be anything.
  std::vector<std::pair<std::string, std::string>> labels;
  /// Series with the same values of these labels are merged into one answer; empty: each is its
  /// own.
  std::vector<std::string> by;
  Fold fold = Fold::value;
  std::int64_t from = 0;  // seconds since 1970
  std::int64_t to = 0;    // not included
  std::int64_t step = 1;  // seconds; the answer has (to - from) / step points
};

struct SeriesAnswer {
  std::map<std::string, std::string, std::less<>> labels;
  std::vector<double> points;  // NaN where nothing was counted
};

/// Which series to load, and of which time.
struct SeriesRange {
  std::vector<std::string> names;
  std::string service;    // "": of all
  std::int64_t from = 0;  // seconds since 1970
  std::int64_t to = 0;    // not included
};

/// Series as they stood when they were loaded, for any number of queries. A plain value.
class LoadedSeries {
 public:
  static constexpr std::size_t query_points_max = 11'000;

  LoadedSeries() = default;
  LoadedSeries(std::vector<promql::SampleSeries> samples, std::vector<SketchSeries> sketches)
      : samples_(std::move(samples)), sketches_(std::move(sketches)) {}

  /// invalid: too many points, or a step or range that makes no sense.
  Result<std::vector<SeriesAnswer>> query(const SeriesQuery& query) const;

 private:
  std::vector<promql::SampleSeries> samples_;
  std::vector<SketchSeries> sketches_;
};

}  // namespace berth::observe
