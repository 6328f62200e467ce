#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace berth::proxy::gateway {

/// Numbers by a number and a word: the edges of a tree of words. Built once, then only read: open
/// addressing in one vector, the words in one string, at most half full. Any thread.
class WordTable {
 public:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::uint32_t find(std::uint32_t from, std::string_view word) const {
    if (slots_.empty()) return none;
    std::uint64_t hash = hash64(word, from);
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.to == none) return none;
      if (slot.mark == mark(hash) && slot.from == from && view(slot) == word) return slot.to;
    }
  }
  /// The word must not be there yet.
  void add(std::uint32_t from, std::string_view word, std::uint32_t to) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    ++count_;
    Slot slot{0, from, to, static_cast<std::uint32_t>(words_.size()),
              static_cast<std::uint32_t>(word.size())};
    words_ += word;
    place(slot);
  }
  std::size_t size() const { return count_; }

 private:
  struct Slot {
    std::uint32_t mark = 0;  // of the hash
    std::uint32_t from = 0;
    std::uint32_t to = none;
    std::uint32_t offset = 0;  // of the word
    std::uint32_t length = 0;
  };
  static std::uint32_t mark(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  std::string_view view(const Slot& slot) const {
    return std::string_view(words_).substr(slot.offset, slot.length);
  }
  void place(Slot slot) {
    std::uint64_t hash = hash64(view(slot), slot.from);
    slot.mark = mark(hash);
    std::size_t at = hash & mask_;
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
  std::string words_;
};

}  // namespace berth::proxy::gateway
