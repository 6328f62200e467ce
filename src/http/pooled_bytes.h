#pragma once

#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "async/frame_pool.h"
#include "base/bytes.h"

namespace berth::http {

/// A copy of `text` for what comes and goes with each request: small ones lie in the pool of
/// frames.
inline Bytes pooled_copy(std::string_view text) {
  std::size_t bytes = sizeof(Block) + text.size();
  if (text.empty() || bytes > berth::detail::FramePool::pooled_bytes_max) return Bytes::copy(text);
  auto* memory = static_cast<char*>(allocate_frame(bytes));
  char* data = memory + sizeof(Block);
  std::memcpy(data, text.data(), text.size());
  auto* block = ::new (memory) Block(
      data, text.size(), [](Block* each) { free_frame(each, sizeof(Block) + each->capacity()); });
  return {block, data, text.size()};
}

/// For what lasts: `bytes`, but a copy of a few that would keep a whole received block with them.
inline Bytes compact(Bytes bytes) {
  return bytes.size() * 16 < bytes.held() ? pooled_copy(bytes.view()) : std::move(bytes);
}

}  // namespace berth::http
