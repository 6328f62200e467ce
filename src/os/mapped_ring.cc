#include "os/mapped_ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "os/descriptor.h"

namespace berth::os {

struct MappedRing::Head {
  char magic[8];
  std::uint64_t capacity;
  alignas(64) std::atomic<std::uint64_t> written;  // by the writer: behind the last whole record
  std::atomic<std::uint64_t> dropped;
  alignas(64) std::atomic<std::uint64_t> read;  // by the reader
};

namespace {

constexpr char magic[] = "BRTHRNG1";
constexpr std::size_t head_bytes = 4096;
constexpr std::uint32_t wrap_mark = 0xffffffff;
constexpr std::size_t length_bytes =
    8;  // a length in four bytes, padded so that records stay aligned

std::size_t padded(std::size_t bytes) { return length_bytes + (bytes + 7) / 8 * 8; }

}  // namespace

Result<std::unique_ptr<MappedRing>> MappedRing::open(const std::string& path,
                                                     std::size_t capacity) {
  static_assert(sizeof(Head) <= head_bytes);
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct stat info;
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return system_error(errno, "opening " + path);
  bool fresh = info.st_size == 0;
  if (!fresh) capacity = static_cast<std::size_t>(info.st_size) - head_bytes;
  if (fresh && ::posix_fallocate(fd.get(), 0, static_cast<off_t>(head_bytes + capacity)) != 0) {
    int number = errno;
    ::unlink(path.c_str());
    return system_error(number ? number : ENOSPC, "making " + path);
  }
  void* memory =
      ::mmap(nullptr, head_bytes + capacity, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return system_error(errno, "mapping " + path);
  auto* head = static_cast<Head*>(memory);
  if (fresh) {
    head->capacity = capacity;
    std::memcpy(head->magic, magic, 8);
  }
  std::unique_ptr<MappedRing> ring(new MappedRing(head, head_bytes + capacity));
  if (std::memcmp(head->magic, magic, 8) != 0 || head->capacity != capacity ||
      (capacity & (capacity - 1)) != 0 || head->written - head->read > capacity) {
    return Error(Code::invalid,
                 path + " is no ring of access records; remove it while Berth is stopped");
  }
  return ring;
}

MappedRing::~MappedRing() { ::munmap(head_, mapped_); }

char* MappedRing::data() const { return reinterpret_cast<char*>(head_) + head_bytes; }

std::span<char> MappedRing::reserve(std::size_t bytes_max) {
  std::uint64_t written = head_->written.load(std::memory_order_relaxed);
  std::uint64_t read = head_->read.load(std::memory_order_acquire);
  std::size_t place = written & (head_->capacity - 1);
  std::size_t wanted = padded(bytes_max);
  std::size_t to_end = head_->capacity - place;
  bool wraps = to_end < wanted;
  if (bytes_max > record_bytes_max ||
      written + wanted + (wraps ? to_end : 0) - read > head_->capacity) {
    head_->dropped.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  if (wraps) {
    std::memcpy(data() + place, &wrap_mark, sizeof wrap_mark);
    written += to_end;
    place = 0;
  }
  reserved_at_ = written;
  return {data() + place + length_bytes, bytes_max};
}

void MappedRing::commit(std::size_t bytes) {
  auto length = static_cast<std::uint32_t>(bytes);
  std::memcpy(data() + (reserved_at_ & (head_->capacity - 1)), &length, sizeof length);
  head_->written.store(reserved_at_ + padded(bytes), std::memory_order_release);
}

std::string_view MappedRing::peek() {
  for (;;) {
    std::uint64_t read = head_->read.load(std::memory_order_relaxed);
    if (head_->written.load(std::memory_order_acquire) == read) return {};
    std::size_t place = read & (head_->capacity - 1);
    std::uint32_t length;
    std::memcpy(&length, data() + place, sizeof length);
    if (length != wrap_mark) return {data() + place + length_bytes, length};
    head_->read.store(read + head_->capacity - place, std::memory_order_release);
  }
}

void MappedRing::pop() {
  std::string_view record = peek();
  if (record.data()) head_->read.fetch_add(padded(record.size()), std::memory_order_release);
}

std::uint64_t MappedRing::dropped() const { return head_->dropped.load(std::memory_order_relaxed); }

}  // namespace berth::os
