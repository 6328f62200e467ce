#pragma once

#include <limits>
#include <vector>

#include "proxy/balance/seats.h"

namespace berth::proxy {

/// Places by a key, the least first, with four children a node; it knows each one's place, so that
/// a key may change. Among equal keys the one that was touched longest ago comes first.
class SeatHeap {
 public:
  static constexpr double never = std::numeric_limits<double>::infinity();

  void clear(std::size_t count);
  void push(std::uint32_t member, double key);
  /// Moves `member` to its new place.
  void update(std::uint32_t member, double key);
  bool empty() const { return heap_.empty(); }
  std::uint32_t top() const { return heap_[0].member; }
  double top_key() const { return heap_[0].key; }
  /// The first by key of those that `fits`; looks at no more than those before it and their
  /// children.
  template <class Fits>
  std::uint32_t first(Fits&& fits);

 private:
  struct Entry {
    double key;
    std::uint64_t touched;
    std::uint32_t member;
    bool before(const Entry& other) const {
      return key != other.key ? key < other.key : touched < other.touched;
    }
  };
  void rise(std::size_t place, Entry entry);
  void sink(std::size_t place, Entry entry);
  void put(std::size_t place, const Entry& entry) {
    heap_[place] = entry;
    place_[entry.member] = static_cast<std::uint32_t>(place);
  }

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> place_;  // by member
  std::vector<std::uint32_t> front_;  // scratch of first()
  std::uint64_t touches_ = 0;
};

template <class Fits>
std::uint32_t SeatHeap::first(Fits&& fits) {
  if (heap_.empty()) return no_seat;
  if (fits(heap_[0].member)) return heap_[0].member;
  front_.assign(1, 0);
  while (!front_.empty()) {
    auto best =
        std::ranges::min_element(front_, [&](auto a, auto b) { return heap_[a].before(heap_[b]); });
    std::size_t place = *best;
    *best = front_.back();
    front_.pop_back();
    if (heap_[place].key == never) continue;
    if (fits(heap_[place].member)) return heap_[place].member;
    for (std::size_t child = place * 4 + 1; child <= place * 4 + 4 && child < heap_.size();
         ++child) {
      front_.push_back(static_cast<std::uint32_t>(child));
    }
  }
  return no_seat;
}

}  // namespace berth::proxy
