#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "base/histogram.h"

namespace berth::observe {

/// What a series' points are, and so what merging two of them means.
enum class SeriesKind : std::uint8_t {
  counter,    // a count within the interval: added
  gauge,      // a reading: the later one stands
  histogram,  // a distribution within the interval: merged, so that percentiles stay right
};

/// Name and labels, e.g. latency{path="/users/:id",service="users"}.
struct SeriesKey {
  std::string name;
  std::map<std::string, std::string, std::less<>> labels;

  /// As above, labels in order of their names: equal texts are equal keys.
  std::string text() const;
  std::string_view label(std::string_view name) const;
};

/// The points of one series in memory at three resolutions: seconds for 15 minutes, ten seconds for
/// 6 hours, minutes for 7 days; coarser points are merged from finer ones. Intervals in which
/// nothing was counted have no point. Times are seconds since 1970, a point stands at its
/// interval's begin.
class Series {
 public:
  struct Point {
    std::int64_t second;
    double value = 0;       // of counters and gauges
    std::string histogram;  // encoded, of histograms
  };
  struct Level {
    std::int64_t step;
    std::int64_t kept;  // seconds
    std::deque<Point> points;
  };

  Series(SeriesKey key, SeriesKind kind) : key_(std::move(key)), kind_(kind) {}

  const SeriesKey& key() const { return key_; }
  SeriesKind kind() const { return kind_; }
  /// Merges a point in, at every resolution. A point older than the newest by more than its level's
  /// step is merged where it belongs if its interval is still kept.
  void add(const Point& point);
  /// A minute's point read back from disk: only the coarsest level takes it.
  void add_minute(const Point& point);
  /// The level to answer a question about `from` at `step`: the finest that reaches back that far
  /// and is not much finer than the step.
  const Level& level_for(std::int64_t from, std::int64_t step, std::int64_t now) const;
  /// The newest point's time, 0 if there is none: series that fell silent are forgotten first.
  std::int64_t newest() const;

 private:
  void add_to(Level& level, const Point& point);
  void merge(Point& into, const Point& point) const;

  SeriesKey key_;
  SeriesKind kind_;
  Level levels_[3] = {{1, 900, {}}, {10, 6 * 3600, {}}, {60, 7 * 86400, {}}};
};

}  // namespace berth::observe
