#pragma once

#include "async/random.h"

namespace berth::os {

/// xoshiro256** seeded from the kernel's entropy; secret_bytes come from getrandom(2).
class Random final : public berth::Random {
 public:
  Random();
  std::uint64_t next() override;
  void secret_bytes(void* to, std::size_t count) override;

 private:
  std::uint64_t state_[4];
};

}  // namespace berth::os
