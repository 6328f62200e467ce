#pragma once

#include <cstddef>

namespace berth::http {

/// How often this program has called malloc, but for blocks that the pool of frames keeps from then
/// on: under a sanitizer it keeps nothing.
std::size_t allocations_counted();

}  // namespace berth::http
