#pragma once

#include <cstddef>

namespace berth {

/// Asks for all cache lines of `one`, which is about to be looked at and, being one of many, is in
/// no cache: they come at once instead of one after the other. Null: nothing.
template <class T>
void prefetch(const T* one) {
  constexpr std::size_t line_bytes = 64;
  auto* at = reinterpret_cast<const char*>(one);
  for (std::size_t i = 0; at && i < sizeof(T); i += line_bytes) __builtin_prefetch(at + i);
}

}  // namespace berth
