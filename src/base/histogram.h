#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth {

/// Counts of values in buckets that are exact below 64 and 1/64 of their power of two wide above:
/// a quantile is at most 0.8 % off, for any value of 64 bits. Merging gives exactly what recording
/// all values in one would have given. Holds counters from its lowest to its highest bucket: about
/// 0.5 KiB for each power of two between them, 30 KiB at most. A plain value; units are the
/// caller's.
class Histogram {
 public:
  void record(std::uint64_t value, std::uint64_t times = 1);
  void merge(const Histogram& other);
  void clear() { *this = Histogram(); }

  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  /// Exact, but stays at the largest number when it would not fit.
  std::uint64_t sum() const { return sum_; }
  /// Exact; 0 while empty.
  std::uint64_t min() const { return count_ ? min_ : 0; }
  std::uint64_t max() const { return max_; }
  double mean() const {
    return count_ ? static_cast<double>(sum_) / static_cast<double>(count_) : 0;
  }
  /// The value that a part `q` (0 to 1) of all values does not exceed; 0 while empty.
  std::uint64_t quantile(double q) const;
  /// How many values are surely at most `value`, to the precision of its bucket.
  std::uint64_t count_up_to(std::uint64_t value) const;

  /// Appends a compact form with a version: some bytes, and 2 to 4 a bucket in use.
  void encode(std::string& out) const;
  /// Reads all of `text` back; invalid if it is damaged.
  static Result<Histogram> decode(std::string_view text);

  bool operator==(const Histogram& other) const;

 private:
  /// Makes the counters reach from bucket `first` to `last`.
  void cover(std::size_t first, std::size_t last);

  std::size_t first_bucket_ = 0;
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_ = 0;
};

}  // namespace berth
