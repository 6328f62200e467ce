#include "async/frame_pool.h"

#include <utility>

namespace berth::detail {

constinit thread_local FramePool frame_pool;

namespace {

/// Made with the first block that a thread keeps; its end is the thread's.
struct Emptied {
  Emptied() {
    std::size_t bytes = 0;
    for (auto& each : frame_pool.classes) {
      bytes += FramePool::class_bytes;
      each.kept_max = FramePool::kept_bytes_max / bytes;
    }
  }
  ~Emptied() {
    for (auto& each : frame_pool.classes) {
      each.kept_max = 0;  // what is freed after this goes to the allocator
      while (each.first) ::operator delete(std::exchange(each.first, each.first->next));
      each.count = 0;
    }
    ended = true;
  }
  static thread_local bool ended;
};
thread_local bool Emptied::ended = false;

}  // namespace

void free_full(void* memory, FramePool::Class& of) {
  if (!Emptied::ended && of.kept_max == 0) {
    thread_local Emptied at_exit;
    of.first = ::new (memory) FramePool::Free{of.first};
    ++of.count;
    return;
  }
  ::operator delete(memory);
}

}  // namespace berth::detail
