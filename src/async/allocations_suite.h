#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

#include "async/frame_pool.h"

// Counts what a test program allocates. Including it puts a counting malloc into the program, once
// however many of its sources do.

namespace berth {
namespace detail {
inline std::atomic<std::size_t> malloc_calls = 0;
}

/// How often this program has called malloc, calloc and realloc.
inline std::size_t malloc_calls() { return detail::malloc_calls; }
/// The same, but for blocks that the pool of frames keeps from then on: under a sanitizer it keeps
/// nothing.
inline std::size_t allocations_counted() { return malloc_calls() - detail::frame_pool.fresh; }
/// The least that `round` allocates of up to five times: what grows now and then with time, as a
/// slot of the timers does when it is first used, is not what the round needs.
template <class Round>
std::size_t least_allocations(Round round) {
  std::size_t least = ~std::size_t{0};
  for (int i = 0; i < 5 && least > 0; ++i) {
    std::size_t before = allocations_counted();
    round();
    least = std::min(least, allocations_counted() - before);
  }
  return least;
}

}  // namespace berth

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BERTH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BERTH_SANITIZED 1
#endif
#endif

#ifdef BERTH_SANITIZED
// The sanitizers stand in malloc's place and let others listen.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*,
                                                                           std::size_t),
                                                         void (*freed)(const volatile void*));
namespace berth::detail {
[[gnu::used]] inline const int listening_to_malloc = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++malloc_calls; }, [](const volatile void*) {});
}  // namespace berth::detail
#else
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
[[gnu::weak]] void* malloc(std::size_t bytes) {
  ++berth::detail::malloc_calls;
  return __libc_malloc(bytes);
}
[[gnu::weak]] void* calloc(std::size_t count, std::size_t bytes) {
  ++berth::detail::malloc_calls;
  return __libc_calloc(count, bytes);
}
[[gnu::weak]] void* realloc(void* memory, std::size_t bytes) {
  ++berth::detail::malloc_calls;
  return __libc_realloc(memory, bytes);
}
}
#endif
