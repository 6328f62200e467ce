#pragma once

#include <cstddef>

namespace berth {

/// Memory for coroutine frames and states from free lists of this thread, by size class; what was
/// freed is used again first, while it is warm. Sizes above 2 KiB go to the allocator, as all do
/// under a sanitizer.
void* allocate_frame(std::size_t bytes);
void free_frame(void* memory, std::size_t bytes);

}  // namespace berth
