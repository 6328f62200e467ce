#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "observe/promql/labels.h"
#include "observe/promql/matcher.h"

namespace berth::promql {

/// A value at a time in milliseconds since 1970.
struct Sample {
  std::int64_t time = 0;
  double value = 0;
};

/// A value that says that the series ended here (Prometheus' model/value/value.go): a signalling
/// NaN, which no arithmetic gives. In columns it stands for "nothing at this step".
inline constexpr std::uint64_t stale_bits = 0x7ff0000000000002;
inline constexpr double stale_marker = std::bit_cast<double>(stale_bits);
inline bool is_stale(double value) { return std::bit_cast<std::uint64_t>(value) == stale_bits; }

/// One series with samples in ascending order of time.
struct SampleSeries {
  Labels labels;
  std::vector<Sample> samples;
};

/// What one selector of a query needs: series that all matchers accept, samples from `from` to
/// `to`, both included, in milliseconds. `step` is how far apart they will be looked at, 0 for a
/// window in which each sample counts: a source with several resolutions may choose by it.
struct Selection {
  std::vector<Matcher> matchers;
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t step = 0;

  bool accepts(const Labels& labels) const {
    for (auto& matcher : matchers) {
      if (!matcher.accepts(labels)) return false;
    }
    return true;
  }
};

/// overloaded, in Prometheus' words.
inline Error too_many_samples() {
  return Error(Code::overloaded,
               "query processing would load too many samples into memory in query execution");
}

/// Where samples come from: series kept by Berth, a test's own.
class SampleSource {
 public:
  /// Series in any order, those without a sample in the range may be left out. overloaded: more
  /// than `samples_max` samples.
  virtual Result<std::vector<SampleSeries>> select(const Selection& selection,
                                                   std::size_t samples_max) const = 0;

 protected:
  ~SampleSource() = default;
};

}  // namespace berth::promql
