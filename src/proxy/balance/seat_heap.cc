#include "proxy/balance/seat_heap.h"

namespace berth::proxy {

void SeatHeap::clear(std::size_t count) {
  heap_.clear();
  heap_.reserve(count);
  place_.assign(count, 0);
  front_.reserve(64);
}

void SeatHeap::push(std::uint32_t member, double key) {
  heap_.push_back({});
  rise(heap_.size() - 1, {key, touches_++, member});
}

void SeatHeap::update(std::uint32_t member, double key) {
  std::size_t place = place_[member];
  Entry entry{key, touches_++, member};
  if (place > 0 && entry.before(heap_[(place - 1) / 4])) {
    rise(place, entry);
  } else {
    sink(place, entry);
  }
}

void SeatHeap::rise(std::size_t place, Entry entry) {
  while (place > 0) {
    std::size_t parent = (place - 1) / 4;
    if (!entry.before(heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void SeatHeap::sink(std::size_t place, Entry entry) {
  for (;;) {
    std::size_t child = place * 4 + 1;
    if (child >= heap_.size()) break;
    std::size_t end = std::min(child + 4, heap_.size());
    std::size_t least = child;
    while (++child < end) {
      if (heap_[child].before(heap_[least])) least = child;
    }
    if (!heap_[least].before(entry)) break;
    put(place, heap_[least]);
    place = least;
  }
  put(place, entry);
}

}  // namespace berth::proxy
