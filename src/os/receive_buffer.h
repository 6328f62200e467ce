#pragma once

#include <cstddef>
#include <utility>

#include "base/bytes.h"

namespace berth::os {

/// Where this thread's sockets receive into: one block that reads fill one after another, each
/// keeping its slice. A connection without unread bytes holds no buffer. When all slices of a block
/// are gone it is filled again from its begin.
class ReceiveBuffer {
 public:
  static constexpr std::size_t block_bytes = 32 << 10;
  static constexpr std::size_t room_bytes_min = 4 << 10;

  static ReceiveBuffer& current();
  ~ReceiveBuffer();

  /// Room for one read of at most `bytes_max`.
  std::pair<char*, std::size_t> room(std::size_t bytes_max);
  /// The first `count` bytes of that room, now received.
  Bytes take(std::size_t count);

 private:
  Block* block_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace berth::os
