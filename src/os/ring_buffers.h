#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.h"

struct io_uring;
struct io_uring_buf_ring;

namespace berth::os {

/// The buffers that a Ring's sockets receive into, lent to the kernel until one is filled. What was
/// received keeps its buffer; if nothing of it is left by the end of the turn, the same buffer goes
/// to the kernel again, else a new one in its place. So the kernel always has `buffers_count`.
class RingBuffers {
 public:
  static constexpr unsigned buffers_count = 128;  // a power of two
  static constexpr std::size_t buffer_bytes = 16 << 10;

  RingBuffers() = default;
  ~RingBuffers();

  /// 0, or -errno.
  int set_up(io_uring& ring);
  /// The first `size` bytes of buffer `number`, which the kernel has filled.
  Bytes take(int number, std::size_t size);
  /// Gives the kernel a buffer for each that was taken.
  void refill();

 private:
  struct FreePages {
    void operator()(void* memory) const;
  };
  void provide(unsigned short number, int offset);

  std::unique_ptr<io_uring_buf_ring, FreePages> ring_;
  std::vector<Block*> blocks_;
  std::vector<unsigned short> taken_;
};

}  // namespace berth::os
