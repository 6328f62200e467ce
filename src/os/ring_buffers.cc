#include "os/ring_buffers.h"

#include <liburing.h>

#include <cerrno>
#include <cstdlib>

namespace berth::os {

void RingBuffers::FreePages::operator()(void* memory) const { std::free(memory); }

RingBuffers::~RingBuffers() {
  for (Block* block : blocks_) block->release();
}

int RingBuffers::set_up(io_uring& ring) {
  static_assert(buffers_count * sizeof(io_uring_buf) <= 4096);
  ring_.reset(static_cast<io_uring_buf_ring*>(std::aligned_alloc(4096, 4096)));
  if (!ring_) return -ENOMEM;
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(ring_.get());
  registration.ring_entries = buffers_count;
  if (int answer = io_uring_register_buf_ring(&ring, &registration, 0); answer != 0) return answer;
  io_uring_buf_ring_init(ring_.get());
  taken_.reserve(buffers_count);
  for (unsigned number = 0; number < buffers_count; ++number) {
    blocks_.push_back(Block::allocate(buffer_bytes));
    provide(static_cast<unsigned short>(number), static_cast<int>(number));
  }
  io_uring_buf_ring_advance(ring_.get(), buffers_count);
  return 0;
}

void RingBuffers::provide(unsigned short number, int offset) {
  io_uring_buf_ring_add(ring_.get(), blocks_[number]->data(), buffer_bytes, number,
                        io_uring_buf_ring_mask(buffers_count), offset);
}

Bytes RingBuffers::take(int number, std::size_t size) {
  taken_.push_back(static_cast<unsigned short>(number));
  Block* block = blocks_[static_cast<std::size_t>(number)];
  block->retain();
  return {block, block->data(), size};
}

void RingBuffers::refill() {
  if (taken_.empty()) return;
  int offset = 0;
  for (unsigned short number : taken_) {
    Block*& block = blocks_[number];
    if (!block->unique()) {
      block->release();
      block = Block::allocate(buffer_bytes);
    }
    provide(number, offset++);
  }
  io_uring_buf_ring_advance(ring_.get(), offset);
  taken_.clear();
}

}  // namespace berth::os
