#include "async/frame_pool.h"

#include <array>
#include <new>

namespace berth {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool pooled = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif
#else
constexpr bool pooled = true;
#endif

constexpr std::size_t class_bytes = 64;
constexpr std::size_t pooled_bytes_max = 2048;
constexpr std::size_t kept_per_class_max = 1024;

struct Free {
  Free* next;
};

struct Pool {
  struct Class {
    Free* first = nullptr;
    std::size_t count = 0;
  };
  std::array<Class, pooled_bytes_max / class_bytes> classes;

  ~Pool() {
    for (auto& each : classes) {
      while (each.first) {
        Free* next = each.first->next;
        ::operator delete(each.first);
        each.first = next;
      }
      each.count = kept_per_class_max;  // what is freed after this goes to the allocator
    }
  }
};

Pool& pool() {
  thread_local Pool pool;
  return pool;
}

std::size_t class_of(std::size_t bytes) { return (bytes + class_bytes - 1) / class_bytes - 1; }

}  // namespace

void* allocate_frame(std::size_t bytes) {
  if (!pooled || bytes > pooled_bytes_max) return ::operator new(bytes);
  std::size_t index = class_of(bytes);
  auto& free = pool().classes[index];
  if (!free.first) return ::operator new((index + 1) * class_bytes);
  Free* memory = free.first;
  free.first = memory->next;
  --free.count;
  return memory;
}

void free_frame(void* memory, std::size_t bytes) {
  if (!pooled || bytes > pooled_bytes_max) return ::operator delete(memory);
  auto& free = pool().classes[class_of(bytes)];
  if (free.count >= kept_per_class_max) return ::operator delete(memory);
  free.first = ::new (memory) Free{free.first};
  ++free.count;
}

}  // namespace berth
