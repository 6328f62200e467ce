#pragma once

#include <algorithm>
#include <cstring>

#include "async/random.h"

namespace berth::sim {

/// SplitMix64: the whole state is one number, so that a seed says all. Its "secrets" come from the
/// same source.
class Random final : public berth::Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() override {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  void secret_bytes(void* to, std::size_t count) override {
    auto* at = static_cast<char*>(to);
    while (count > 0) {
      std::uint64_t word = next();
      std::size_t part = std::min(count, sizeof word);
      std::memcpy(at, &word, part);
      at += part;
      count -= part;
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace berth::sim
