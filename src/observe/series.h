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

/// The points of one series in memory at three resolutions: seconds for a little more than 15
/// minutes, ten seconds for a little more than 6 hours (so that these are answered whole), minutes
/// for 7 days; coarser points are merged from finer ones. Intervals in which
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
  const Level& level_for(std::int64_t from, std::int64_t step, std::int64_t now) const {
    return levels_[level_index(from, step, now)];
  }
  /// The resolution in seconds of that level, the same for all series: a step that is a whole
  /// multiple of it, from a whole multiple of it, has equally many points in each interval.
  static std::int64_t resolution(std::int64_t from, std::int64_t step, std::int64_t now) {
    return spans[level_index(from, step, now)].step;
  }
  /// The newest point's time, 0 if there is none: series that fell silent are forgotten first.
  std::int64_t newest() const;

 private:
  struct Span {
    std::int64_t step;
    std::int64_t kept;
  };
  static constexpr Span spans[3] = {{1, 960}, {10, 6 * 3600 + 600}, {60, 7 * 86400}};

  static std::size_t level_index(std::int64_t from, std::int64_t step, std::int64_t now);
  void add_to(Level& level, const Point& point);
  void merge(Point& into, const Point& point) const;

  SeriesKey key_;
  SeriesKind kind_;
  Level levels_[3] = {{spans[0].step, spans[0].kept, {}},
                      {spans[1].step, spans[1].kept, {}},
                      {spans[2].step, spans[2].kept, {}}};
};

}  // namespace berth::observe
