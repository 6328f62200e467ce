#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::os {

/// A ring of records in a file that two processes map: one writes, one reads, neither waits for the
/// other or makes a system call. Both positions stand in the file, so either side may be killed and
/// come back: a record is there as a whole or not at all, and is read once. When the ring is full
/// the writer drops the record and counts it. docs/formats/ring.md.
class MappedRing {
 public:
  static constexpr std::size_t record_bytes_max = 64 << 10;

  /// Opens the ring, or makes one of `capacity` bytes (a power of two). invalid: the file is no
  /// ring.
  static Result<std::unique_ptr<MappedRing>> open(const std::string& path,
                                                  std::size_t capacity = 8 << 20);
  ~MappedRing();

  /// Writer: room for a record of at most `bytes_max`, or empty if it is full (then counted as
  /// dropped).
  std::span<char> reserve(std::size_t bytes_max);
  /// Writer: the reserved record is complete with `bytes` bytes.
  void commit(std::size_t bytes);
  /// Reader: the next record, or nothing. Stays valid until pop().
  std::string_view peek();
  void pop();
  std::uint64_t dropped() const;

 private:
  struct Head;
  MappedRing(Head* head, std::size_t mapped) : head_(head), mapped_(mapped) {}
  char* data() const;

  Head* head_;
  std::size_t mapped_;
  std::uint64_t reserved_at_ = 0;
};

}  // namespace berth::os
