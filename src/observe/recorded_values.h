#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/histogram.h"

namespace berth::observe {

/// What was recorded of one thing in the present second. Few values stand as they are, in a line or
/// two of memory, since most of what is recorded comes some times a second, and a histogram's
/// counters of a thousand services do not stay in the caches; more than `few_max` are counted in a
/// histogram. A plain value; units are the caller's.
class RecordedValues {
 public:
  static constexpr std::size_t few_max = 64;

  bool empty() const { return few_.empty() && !many_; }
  void record(std::uint64_t value) {
    if (many_) return many_->record(value);
    few_.push_back(value);
    if (few_.size() == few_max) [[unlikely]]
      become_many();
  }
  void add(const RecordedValues& others);
  /// All of them; none is left.
  Histogram take();

 private:
  static constexpr std::size_t kept_max = 16;  // whose memory stays for the next second
  void become_many();

  std::vector<std::uint64_t> few_;
  std::unique_ptr<Histogram> many_;
};

}  // namespace berth::observe
