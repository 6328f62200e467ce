#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "observe/promql/sample_source.h"

namespace berth::observe {

/// A run of one series' samples, packed into bits, to which the next is appended in some ns. After
/// Gorilla (Pelkonen et al., VLDB 2015, section 4.1): times by the difference of their differences,
/// values by the exclusive or with the one before; but decimal numbers of few digits by their
/// difference as whole numbers, which for counters takes a third of that. About 1.3 bytes a sample
/// of counters, less of what stands still. In memory only: its layout is written nowhere.
///
/// Times: 0 same difference; 10 + 7 bits, 110 + 12, 1110 + 20, 1111 + 64 of the zigzag difference.
/// Values: 0 same; 10 + 2 bits of class + 5, 9, 14 or 20 bits of the zigzag difference of whole
/// numbers; 110 + the bits of the last window of the exclusive or; 111 + 5 bits of leading zeros +
/// 6 of length - 1 + those.
class HeadChunk {
 public:
  static constexpr std::size_t samples_max = 240;

  /// `exponent`: of ten, what the series' last chunk found to fit.
  explicit HeadChunk(std::uint8_t exponent = 0) : exponent_(exponent) {}

  bool full() const { return count_ >= samples_max; }
  bool empty() const { return count_ == 0; }
  std::size_t count() const { return count_; }
  std::int64_t first_time() const { return first_time_; }
  std::int64_t last_time() const { return last_time_; }
  double last_value() const { return std::bit_cast<double>(last_bits_); }
  /// What the next chunk should begin with.
  std::uint8_t exponent_hint() const { return hint_; }
  std::size_t memory() const { return words_.capacity() * sizeof(std::uint64_t); }

  /// Not full, and `time` behind the last one.
  void append(std::int64_t time, double value);
  /// Nothing will be appended any more: gives back what it has not used.
  void seal() { words_.shrink_to_fit(); }
  /// Appends its samples from `from` to `to`, both included.
  void read(std::int64_t from, std::int64_t to, std::vector<promql::Sample>& out) const;

 private:
  class Reader;
  void put(std::uint64_t bits, int count);
  void append_time(std::int64_t time);
  void append_value(double value);
  void append_xor(std::uint64_t bits);

  /// The words that are full, and the one that is begun: most samples touch the chunk alone.
  std::uint64_t word(std::size_t i) const { return i < words_.size() ? words_[i] : begun_; }

  std::int64_t first_time_ = 0;
  std::int64_t last_time_ = 0;
  std::int64_t last_delta_ = 0;
  std::uint64_t last_bits_ = 0;
  std::int64_t last_scaled_ = 0;
  std::uint64_t begun_ = 0;
  std::uint32_t bits_ = 0;  // in use
  std::uint16_t count_ = 0;
  std::uint8_t exponent_;
  std::uint8_t hint_ = 0;
  std::uint8_t leading_ = 255;  // of the last window; 255: none yet
  std::uint8_t trailing_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace berth::observe
