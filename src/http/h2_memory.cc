#include "http/h2_memory.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "async/frame_pool.h"

namespace berth::http {
namespace {

/// Before each piece of memory its size with this, since free() is not told it.
constexpr std::size_t mark_bytes = alignof(std::max_align_t);

std::size_t& size_of(void* piece) {
  return *reinterpret_cast<std::size_t*>(static_cast<char*>(piece) - mark_bytes);
}

void* take(std::size_t bytes, void*) {
  std::size_t size = bytes + mark_bytes;
  auto* memory = static_cast<char*>(allocate_frame(size));
  void* piece = memory + mark_bytes;
  size_of(piece) = size;
  return piece;
}

void give_back(void* piece, void*) {
  if (piece) free_frame(static_cast<char*>(piece) - mark_bytes, size_of(piece));
}

void* take_cleared(std::size_t count, std::size_t bytes, void* user) {
  std::size_t size = 0;
  if (__builtin_mul_overflow(count, bytes, &size)) return nullptr;
  void* piece = take(size, user);
  std::memset(piece, 0, size);
  return piece;
}

void* resize(void* piece, std::size_t bytes, void* user) {
  void* larger = take(bytes, user);
  if (piece) std::memcpy(larger, piece, std::min(bytes, size_of(piece) - mark_bytes));
  give_back(piece, user);
  return larger;
}

}  // namespace

nghttp2_mem h2_memory() { return {nullptr, take, give_back, take_cleared, resize}; }

}  // namespace berth::http
