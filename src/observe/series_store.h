#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "async/deferred.h"
#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/series.h"

namespace berth::observe {

/// What a query computes from each interval's points.
enum class Fold : std::uint8_t { value, rate, count, mean, p50, p90, p99, max };

struct SeriesQuery {
  std::string name;
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

struct SeriesOptions {
  std::string folder;
  std::size_t series_max = 10'000;   // a new one beyond is refused and counted
  std::int64_t raw_kept = 6 * 3600;  // seconds on disk
  std::int64_t minutes_kept = 7 * 86400;
};

/// All series, in memory and in files that are appended to each second (docs/formats/series.md).
/// What was flushed survives kill -9; it is synced every ten seconds, which is what a power loss
/// may cost. Belongs to one reactor. A full disk stops the files, not the series; it is logged
/// once.
class SeriesStore {
 public:
  static constexpr std::size_t query_points_max = 11'000;

  SeriesStore(World& world, Log log, SeriesOptions options);
  ~SeriesStore();

  /// Reads what is kept on disk; damaged tails are cut, other damage is told in the log and
  /// skipped.
  Deferred<void> open();
  /// Writes what is pending and ends.
  Deferred<void> close();

  /// The series of that key, made if it is new; null when series_max is reached.
  Series* find_or_make(const SeriesKey& key, SeriesKind kind);
  void add(Series& series, std::int64_t second, double value);
  void add(Series& series, std::int64_t second, const Histogram& histogram);

  /// invalid: too many points, or a step or range that makes no sense.
  Result<std::vector<SeriesAnswer>> query(const SeriesQuery& query) const;
  /// What a query's `from` and `step` should be multiples of, in seconds: the points from which it
  /// is answered stand that far apart.
  std::int64_t resolution(std::int64_t from, std::int64_t step) const {
    return Series::resolution(from, step, now_second());
  }
  /// Names and label sets, for search: every key that begins with `name` (all if it is empty).
  std::vector<const SeriesKey*> keys(std::string_view name) const;
  /// Each series, in no order.
  void each(const std::function<void(const Series&)>& visit) const;
  /// Null if there is none.
  const Series* find(const SeriesKey& key) const;
  std::size_t size() const { return series_.size(); }
  std::uint64_t refused() const { return refused_; }

 private:
  class Files;
  std::int64_t now_second() const;

  World& world_;
  Log log_;
  SeriesOptions options_;
  std::unordered_map<std::string, std::unique_ptr<Series>> series_;
  std::uint64_t refused_ = 0;
  std::unique_ptr<Files> files_;
};

}  // namespace berth::observe
