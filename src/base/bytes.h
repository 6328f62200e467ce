#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace berth {

/// The memory behind Bytes: a reference count and who frees it. May be shared between threads.
class Block {
 public:
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  char* data() { return data_; }
  std::size_t capacity() const { return capacity_; }
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) free_(this);
  }
  /// True while one reference is left: its holder may write into the memory.
  bool unique() const { return references_.load(std::memory_order_acquire) == 1; }

  /// One allocation for header and `capacity` bytes; starts with one reference.
  static Block* allocate(std::size_t capacity);
  /// For pools: memory that `free` takes back when the last reference goes.
  Block(char* data, std::size_t capacity, void (*free)(Block*))
      : data_(data), capacity_(capacity), free_(free) {}

 private:
  char* data_;
  std::size_t capacity_;
  void (*free_)(Block*);
  std::atomic<std::uint32_t> references_{1};
};

/// A refcounted, immutable slice of bytes: what streams hand out and take. Copying shares the
/// memory. A string_view into it lives as long as some Bytes of the same Block.
class Bytes {
 public:
  Bytes() = default;
  /// Takes over one reference of `block`.
  Bytes(Block* block, const char* data, std::size_t size)
      : block_(block), data_(data), size_(size) {}
  Bytes(const Bytes& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_) block_->retain();
  }
  Bytes(Bytes&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(other.data_),
        size_(std::exchange(other.size_, 0)) {}
  Bytes& operator=(Bytes other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Bytes() {
    if (block_) block_->release();
  }

  /// Copies `text` into memory of its own.
  static Bytes copy(std::string_view text);
  /// For literals and other memory that outlives everything: no copy, no count.
  static Bytes literal(std::string_view text) { return {nullptr, text.data(), text.size()}; }

  std::string_view view() const { return {data_, size_}; }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// The part from `offset`, at most `length` long, sharing the memory.
  Bytes slice(std::size_t offset, std::size_t length = ~std::size_t{0}) const;
  void remove_prefix(std::size_t n) {
    data_ += n;
    size_ -= n;
  }
  /// As remove_prefix, but what is empty then holds no memory.
  void use_up(std::size_t n) {
    remove_prefix(n);
    if (size_ == 0) *this = Bytes();
  }
  std::string text() const { return std::string(view()); }
  /// How much memory stays as long as these do: all of their Block.
  std::size_t held() const { return block_ ? block_->capacity() : 0; }

 private:
  Block* block_ = nullptr;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// What one write sends, in order: up to `inline_max` pieces without an allocation and up to
/// `pieces_max` in all (the least IOV_MAX that POSIX allows is 16; Linux has 1024).
class BytesList {
 public:
  static constexpr std::size_t inline_max = 4;

  BytesList() = default;
  BytesList(Bytes one) { add(std::move(one)); }
  BytesList(BytesList&& other) noexcept;
  BytesList& operator=(BytesList&& other) noexcept;
  ~BytesList() { delete[] more_; }

  void add(Bytes piece);
  std::size_t count() const { return count_; }
  /// All bytes of all pieces.
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  Bytes& operator[](std::size_t i) { return begin()[i]; }
  const Bytes& operator[](std::size_t i) const { return begin()[i]; }
  Bytes* begin() { return more_ ? more_ : inline_; }
  Bytes* end() { return begin() + count_; }
  const Bytes* begin() const { return more_ ? more_ : inline_; }
  const Bytes* end() const { return begin() + count_; }
  /// Forgets the first `n` bytes: they were sent.
  void remove_prefix(std::size_t n);

 private:
  Bytes inline_[inline_max];
  Bytes* more_ = nullptr;
  std::size_t count_ = 0;
  std::size_t capacity_ = inline_max;
};

/// One after the other, in one piece: a copy, unless the first is empty.
Bytes joined(const Bytes& first, const Bytes& second);

}  // namespace berth
