#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "observe/samples/head_chunk.h"

namespace berth::observe {

/// The chunks of one series, oldest first. The newest, to which samples are appended, stands in the
/// series itself, since those of a million series are not in the caches; those before it stand
/// elsewhere.
class HeadChunks {
 public:
  bool empty() const { return newest_.empty(); }
  /// Of what is not empty.
  const HeadChunk& newest() const { return newest_; }
  std::int64_t first_time() const {
    return older_.empty() ? newest_.first_time() : older_.front().first_time();
  }
  /// The newest is not full, or there is none.
  void append(std::int64_t time, double value) { newest_.append(time, value); }
  /// What is appended from now on begins a chunk.
  void begin_next();

  template <class Visit>
  void each(Visit visit) const {
    for (auto& chunk : older_) visit(chunk);
    if (!empty()) visit(newest_);
  }
  /// Those that began before it.
  void forget(std::int64_t before);

 private:
  HeadChunk newest_;
  std::vector<HeadChunk> older_;
};

inline void HeadChunks::begin_next() {
  if (empty()) return;
  newest_.seal();
  HeadChunk next(newest_.exponent_hint());
  older_.push_back(std::exchange(newest_, std::move(next)));
}

inline void HeadChunks::forget(std::int64_t before) {
  std::erase_if(older_, [&](auto& chunk) { return chunk.first_time() < before; });
  if (!empty() && newest_.first_time() < before) newest_ = HeadChunk();
}

}  // namespace berth::observe
