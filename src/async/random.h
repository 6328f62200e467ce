#pragma once

#include <cstddef>
#include <cstdint>

namespace berth {

/// Random numbers; from the kernel's entropy at start in the real world, from the seed in the
/// simulation. Not for secrets: those take `secret_bytes`. Belongs to one thread.
class Random {
 public:
  virtual std::uint64_t next() = 0;
  /// Unpredictable bytes for tokens and ids.
  virtual void secret_bytes(void* to, std::size_t count) = 0;

  /// Evenly from [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  /// In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double share) { return unit() < share; }

 protected:
  ~Random() = default;
};

}  // namespace berth
