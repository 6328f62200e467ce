#include "os/receive_buffer.h"

#include <algorithm>

namespace berth::os {

ReceiveBuffer& ReceiveBuffer::current() {
  thread_local ReceiveBuffer buffer;
  return buffer;
}

ReceiveBuffer::~ReceiveBuffer() {
  if (block_) block_->release();
}

std::pair<char*, std::size_t> ReceiveBuffer::room(std::size_t bytes_max) {
  if (block_ && block_->unique()) used_ = 0;
  std::size_t wanted = std::min(bytes_max, room_bytes_min);
  if (!block_ || block_->capacity() - used_ < wanted) {
    if (block_) block_->release();
    block_ = Block::allocate(block_bytes);
    used_ = 0;
  }
  return {block_->data() + used_, std::min(bytes_max, block_->capacity() - used_)};
}

Bytes ReceiveBuffer::take(std::size_t count) {
  block_->retain();
  Bytes bytes(block_, block_->data() + used_, count);
  used_ += (count + 15) / 16 * 16;
  used_ = std::min(used_, block_->capacity());
  return bytes;
}

}  // namespace berth::os
