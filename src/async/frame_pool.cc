#include "async/frame_pool.h"

#include <utility>

namespace berth::detail {

constinit thread_local FramePool frame_pool;

namespace {

/// Made with the first block that a thread keeps; its end is the thread's.
struct Emptied {
  Emptied() { frame_pool.kept_per_class_max = 1024; }
  ~Emptied() {
    frame_pool.kept_per_class_max = 0;  // what is freed after this goes to the allocator
    for (auto& each : frame_pool.classes) {
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
  if (!Emptied::ended && frame_pool.kept_per_class_max == 0) {
    thread_local Emptied at_exit;
    of.first = ::new (memory) FramePool::Free{of.first};
    ++of.count;
    return;
  }
  ::operator delete(memory);
}

}  // namespace berth::detail
