#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace berth::proxy {

/// How long the last answers of a service took, and what 95 % of them did not exceed: exact, found
/// anew every `renewed_every` answers. A plain value in constant memory.
class LatencyWindow {
 public:
  static constexpr std::size_t size = 128;
  static constexpr std::size_t least = 20;  // fewer say nothing
  static constexpr std::size_t renewed_every = 16;

  void note(Duration took);
  /// Zero: there are too few.
  Duration p95() const { return p95_; }

 private:
  std::array<std::int64_t, size> took_{};
  std::uint64_t count_ = 0;
  Duration p95_{};
};

}  // namespace berth::proxy
