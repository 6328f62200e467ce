#include "base/bytes.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"

namespace berth {

Block* Block::allocate(std::size_t capacity) {
  void* memory = std::malloc(sizeof(Block) + capacity);
  check(memory, "out of memory");
  return new (memory) Block(static_cast<char*>(memory) + sizeof(Block), capacity,
                            [](Block* block) { std::free(block); });
}

Bytes Bytes::copy(std::string_view text) {
  if (text.empty()) return {};
  Block* block = Block::allocate(text.size());
  std::memcpy(block->data(), text.data(), text.size());
  return {block, block->data(), text.size()};
}

Bytes Bytes::slice(std::size_t offset, std::size_t length) const {
  check(offset <= size_, "a slice begins behind the end");
  Bytes part = *this;
  part.data_ += offset;
  part.size_ = std::min(length, size_ - offset);
  return part;
}

BytesList::BytesList(BytesList&& other) noexcept { *this = std::move(other); }

BytesList& BytesList::operator=(BytesList&& other) noexcept {
  if (this == &other) return *this;
  delete[] more_;
  more_ = std::exchange(other.more_, nullptr);
  count_ = std::exchange(other.count_, 0);
  capacity_ = std::exchange(other.capacity_, inline_max);
  if (!more_)
    for (std::size_t i = 0; i < inline_max; i++) inline_[i] = std::move(other.inline_[i]);
  return *this;
}

void BytesList::add(Bytes piece) {
  if (count_ == capacity_) {
    auto* larger = new Bytes[capacity_ * 2];
    std::move(begin(), end(), larger);
    delete[] more_;
    more_ = larger;
    capacity_ *= 2;
  }
  begin()[count_++] = std::move(piece);
}

std::size_t BytesList::size() const {
  std::size_t sum = 0;
  for (const Bytes& piece : *this) sum += piece.size();
  return sum;
}

void BytesList::remove_prefix(std::size_t n) {
  for (Bytes& piece : *this) {
    std::size_t part = std::min(n, piece.size());
    piece.remove_prefix(part);
    n -= part;
    if (n == 0) return;
  }
  check(n == 0, "more was removed than there is");
}

Bytes joined(const Bytes& first, const Bytes& second) {
  if (first.empty()) return second;
  Block* block = Block::allocate(first.size() + second.size());
  std::memcpy(block->data(), first.data(), first.size());
  std::memcpy(block->data() + first.size(), second.data(), second.size());
  return Bytes(block, block->data(), first.size() + second.size());
}

}  // namespace berth
