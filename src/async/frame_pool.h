#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace berth {

namespace detail {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool frames_pooled = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool frames_pooled = false;
#else
inline constexpr bool frames_pooled = true;
#endif
#else
inline constexpr bool frames_pooled = true;
#endif

/// The free blocks of one thread. Constant at the start and never destroyed, so that reaching it
/// costs no guard; frame_pool.cc empties it when the thread ends.
struct FramePool {
  static constexpr std::size_t class_bytes = 64;
  static constexpr std::size_t pooled_bytes_max = 2048;
  /// Of free blocks of one class; more go back to the allocator, for others to use.
  static constexpr std::size_t kept_bytes_max = 256 << 10;

  struct Free {
    Free* next;
  };
  struct Class {
    Free* first = nullptr;
    std::size_t count = 0;
    std::size_t kept_max = 0;  // set with the first block that is kept
  };
  std::array<Class, pooled_bytes_max / class_bytes> classes;
  std::size_t fresh = 0;  // blocks of a class that came from the allocator
};
extern constinit thread_local FramePool frame_pool;

/// `memory` was freed where no more is kept, or before any was.
void free_full(void* memory, FramePool::Class& of);

}  // namespace detail

/// Memory for coroutine frames and states from free lists of this thread, by size class; what was
/// freed is used again first, while it is warm. Sizes above 2 KiB go to the allocator, as all do
/// under a sanitizer.
inline void* allocate_frame(std::size_t bytes) {
  using detail::FramePool;
  if (bytes > FramePool::pooled_bytes_max) return ::operator new(bytes);
  std::size_t index = (bytes - 1) / FramePool::class_bytes;
  auto& free = detail::frame_pool.classes[index];
  if (!free.first) [[unlikely]] {
    ++detail::frame_pool.fresh;
    return ::operator new((index + 1) * FramePool::class_bytes);
  }
  auto* memory = free.first;
  free.first = memory->next;
  --free.count;
  return memory;
}

inline void free_frame(void* memory, std::size_t bytes) {
  using detail::FramePool;
  if (!detail::frames_pooled || bytes > FramePool::pooled_bytes_max)
    return ::operator delete(memory);
  auto& free = detail::frame_pool.classes[(bytes - 1) / FramePool::class_bytes];
  if (free.count >= free.kept_max) [[unlikely]]
    return detail::free_full(memory, free);
  free.first = ::new (memory) FramePool::Free{free.first};
  ++free.count;
}

/// For containers whose memory comes and goes with each operation. `bytes` as allocate_frame.
template <class T>
struct FrameAllocator {
  using value_type = T;

  FrameAllocator() = default;
  template <class U>
  FrameAllocator(const FrameAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_frame(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) { free_frame(memory, count * sizeof(T)); }
  friend bool operator==(FrameAllocator, FrameAllocator) { return true; }
};

}  // namespace berth
