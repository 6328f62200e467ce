#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace berth::proxy::gateway {

/// Numbers by a number and a word: the edges of a tree of words. Built once, then only read: open
/// addressing, at most half full, two slots a cache line; short words stand in their slot, so that
/// finding one costs one miss of the cache. Any thread.
class WordTable {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::uint32_t find(std::uint32_t from, std::string_view word) const {
    if (slots_.empty()) return none;
    for (std::size_t at = hash64(word, from) & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.to == none) return none;
      if (slot.from == from && slot.length == word.size() && view(slot) == word) return slot.to;
    }
  }
  /// The word must not be there yet.
  void add(std::uint32_t from, std::string_view word, std::uint32_t to) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    ++count_;
    Slot slot{from,
              to,
              static_cast<std::uint32_t>(word.size()),
              static_cast<std::uint32_t>(long_words_.size()),
              {}};
    if (word.size() <= sizeof slot.word) {
      std::memcpy(slot.word, word.data(), word.size());
    } else {
      long_words_ += word;
    }
    place(slot);
  }
  std::size_t size() const { return count_; }

 private:
  struct alignas(32) Slot {
    std::uint32_t from = 0;
    std::uint32_t to = none;
    std::uint32_t length = 0;
    std::uint32_t offset = 0;  // of a long word
    char word[16] = {};
  };
  std::string_view view(const Slot& slot) const {
    if (slot.length <= sizeof slot.word) return {slot.word, slot.length};
    return std::string_view(long_words_).substr(slot.offset, slot.length);
  }
  void place(const Slot& slot) {
    std::size_t at = hash64(view(slot), slot.from) & mask_;
    while (slots_[at].to != none) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
  void grow() {
    std::vector<Slot> before = std::move(slots_);
    slots_.assign(before.empty() ? 8 : before.size() * 2, Slot());
    mask_ = slots_.size() - 1;
    for (auto& slot : before) {
      if (slot.to != none) place(slot);
    }
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t count_ = 0;
  std::string long_words_;
};

}  // namespace berth::proxy::gateway
