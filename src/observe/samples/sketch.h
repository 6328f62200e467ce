#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"
#include "observe/promql/labels.h"

namespace berth::observe {

/// A series with this label holds distributions instead of numbers. Its value is what one unit of
/// what was recorded is in the metric's unit: "1e-9" for nanoseconds of a name in seconds.
inline constexpr std::string_view sketch_label = "__sketch__";

/// The distribution of what was recorded after the point before, up to `time`.
struct SketchPoint {
  std::int64_t time = 0;  // milliseconds since 1970
  std::string sketch;     // as Histogram::encode writes it
};

/// A series of distributions, ascending by time, as it is answered: under its labels without
/// sketch_label.
struct SketchSeries {
  promql::Labels labels;
  double scale = 1;
  Histogram before;  // all that was recorded before the first point
  std::vector<SketchPoint> points;

  /// Puts a run behind those that it has, what lies between `from` and `to`, both included. `base`
  /// is all that had been recorded before the run. Runs come in order of time; of what two of them
  /// have, the first counts.
  void take(std::string_view base, std::span<const SketchPoint> run, std::int64_t from,
            std::int64_t to);
  /// Those behind the last one that it has.
  void add_later(std::span<const SketchPoint> run);
};

/// Of an encoded distribution; an empty one of an empty or damaged text.
Histogram sketch_of(std::string_view encoded);

/// A run of one series' distributions in memory, at most `points_max`, behind the sum of all
/// before, so that what has been recorded until any of its points is known from the run alone.
class SketchChunk {
 public:
  static constexpr std::size_t points_max = 240;

  explicit SketchChunk(std::string base = "") : base_(std::move(base)) {}

  bool full() const { return count_ >= points_max; }
  std::size_t count() const { return count_; }
  std::int64_t first_time() const { return first_time_; }
  std::int64_t last_time() const { return last_time_; }
  const std::string& base() const { return base_; }
  /// `time` behind the last one.
  void append(std::int64_t time, std::string_view encoded);
  std::vector<SketchPoint> points() const;
  /// Base and points together, encoded.
  std::string total() const;

 private:
  std::string base_;
  std::string bytes_;  // difference of times, then the distribution with its length, each
  std::size_t count_ = 0;
  std::int64_t first_time_ = 0;
  std::int64_t last_time_ = 0;
};

/// Neighbours within each `interval` (milliseconds; its end belongs to it) merged into one, at the
/// time of the last of them.
std::vector<SketchPoint> merged(std::span<const SketchPoint> points, std::int64_t interval);

/// As a column of a block: the base, then each distribution, all with their lengths.
std::string encode_sketches(std::string_view base, std::span<const SketchPoint> points);
/// Takes the base and as many distributions as there are points, whose times are set already;
/// invalid if they are damaged.
Result<std::string> take_sketches(std::string_view& text, std::span<SketchPoint> points);

}  // namespace berth::observe
