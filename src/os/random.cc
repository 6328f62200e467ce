#include "os/random.h"

#include <sys/random.h>

#include <bit>

#include "base/check.h"

namespace berth::os {

Random::Random() { secret_bytes(state_, sizeof state_); }

std::uint64_t Random::next() {
  std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void Random::secret_bytes(void* to, std::size_t count) {
  auto* at = static_cast<char*>(to);
  while (count > 0) {
    ssize_t got = getrandom(at, count, 0);
    check(got > 0, "the kernel gives no random bytes");
    at += got;
    count -= static_cast<std::size_t>(got);
  }
}

}  // namespace berth::os
