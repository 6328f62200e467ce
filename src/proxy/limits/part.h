#pragma once

#include <cstdint>

namespace berth::proxy {

/// What number `number` of `threads` has of a limit of all of them: together they have that limit.
constexpr std::uint32_t part_of(std::uint32_t limit, std::uint64_t threads, std::uint64_t number) {
  std::uint64_t more = number < limit % threads ? 1 : 0;
  return static_cast<std::uint32_t>(limit / threads + more);
}

}  // namespace berth::proxy
