#include "async/timer_queue.h"

#include <algorithm>
#include <utility>

namespace berth {
namespace {

/// What is due in fewer is not worth a slot.
constexpr std::int64_t soon_ticks = 4;
/// Slots that are used from time to time find their memory among these.
constexpr std::size_t spares_at_first = 8;
constexpr std::size_t spares_max = 64;
constexpr std::size_t timers_of_spare = 64;
/// A vector that held more gives its memory back.
constexpr std::size_t kept_timers_max = 4096;

}  // namespace

void Timer::disarm() {
  if (queue_) queue_->disarm(*this);
}

TimerQueue::~TimerQueue() {
  for (auto& entry : heap_) entry.timer->queue_ = nullptr;
  for (auto& slot : wheel_) {
    for (Timer* timer : slot.timers) {
      if (timer) timer->queue_ = nullptr;
    }
  }
}

void TimerQueue::arm(Timer& timer, MonotonicTime due) {
  if (timer.queue_) timer.queue_->disarm(timer);
  timer.queue_ = this;
  timer.due_ = due;
  if (in_wheel_ == 0) {
    next_tick_ = now_tick_ + 1;
    block_ = next_tick_ / static_cast<std::int64_t>(slots);
  }
  std::uint32_t slot = slot_for(tick_of(due));
  slot == in_heap ? push(timer) : append(slot, timer);
}

void TimerQueue::disarm(Timer& timer) {
  if (timer.queue_ != this) return;
  timer.queue_ = nullptr;
  if (timer.slot_ == in_heap) return remove_from_heap(timer.place_);
  Slot& slot = wheel_[timer.slot_];
  --in_wheel_;
  if (--slot.armed == 0) {
    slot.timers.clear();
    if (spares_.size() < spares_.capacity()) spares_.push_back(std::exchange(slot.timers, {}));
  } else if (timer.place_ + 1 == slot.timers.size()) {
    slot.timers.pop_back();
  } else {
    slot.timers[timer.place_] = nullptr;
  }
}

std::size_t TimerQueue::bytes() const {
  std::size_t timers = taken_.capacity();
  for (auto& spare : spares_) timers += spare.capacity();
  for (auto& slot : wheel_) timers += slot.timers.capacity();
  return heap_.capacity() * sizeof(Entry) + wheel_.capacity() * sizeof(Slot) +
         timers * sizeof(Timer*);
}

std::size_t TimerQueue::fire_due(MonotonicTime now) {
  now_tick_ = std::max(now_tick_, tick_of(now));
  std::size_t fired = 0;
  while (!empty() && next() <= now) {
    Timer* timer = heap_.front().timer;
    disarm(*timer);
    timer->fire();
    ++fired;
  }
  return fired;
}

void TimerQueue::push(Timer& timer) {
  timer.slot_ = in_heap;
  heap_.push_back({});
  rise(heap_.size() - 1, {timer.due_, &timer});
}

void TimerQueue::remove_from_heap(std::size_t place) {
  Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  if (place > 0 && last.due < heap_[(place - 1) / 4].due) {
    rise(place, last);
  } else {
    sink(place, last);
  }
}

void TimerQueue::put(std::size_t place, Entry entry) {
  heap_[place] = entry;
  entry.timer->place_ = static_cast<std::uint32_t>(place);
}

void TimerQueue::rise(std::size_t place, Entry entry) {
  while (place > 0) {
    std::size_t parent = (place - 1) / 4;
    if (heap_[parent].due <= entry.due) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void TimerQueue::sink(std::size_t place, Entry entry) {
  for (;;) {
    std::size_t first = place * 4 + 1;
    if (first >= heap_.size()) break;
    std::size_t end = std::min(first + 4, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child].due < heap_[least].due) least = child;
    }
    if (entry.due <= heap_[least].due) break;
    put(place, heap_[least]);
    place = least;
  }
  put(place, entry);
}

std::uint32_t TimerQueue::slot_for(std::int64_t tick) const {
  if (tick < next_tick_ || tick < now_tick_ + soon_ticks) return in_heap;
  constexpr auto size = static_cast<std::int64_t>(slots);
  std::int64_t block = tick / size;
  if (block == block_) return static_cast<std::uint32_t>(tick % size);
  if (block - block_ >= size) return in_heap;
  return static_cast<std::uint32_t>(size + block % size);
}

void TimerQueue::make_wheel() {
  wheel_.resize(2 * slots);
  spares_.reserve(spares_max);
  for (std::size_t i = 0; i < spares_at_first; ++i) {
    spares_.emplace_back().reserve(timers_of_spare);
  }
}

void TimerQueue::append(std::uint32_t number, Timer& timer) {
  if (wheel_.empty()) make_wheel();
  Slot& slot = wheel_[number];
  if (slot.timers.capacity() == 0 && !spares_.empty()) {
    slot.timers = std::move(spares_.back());
    spares_.pop_back();
  }
  if (slot.timers.size() >= 2 * slot.armed + 32) close_up(slot);
  timer.slot_ = number;
  timer.place_ = static_cast<std::uint32_t>(slot.timers.size());
  slot.timers.push_back(&timer);
  ++slot.armed;
  ++in_wheel_;
}

void TimerQueue::close_up(Slot& slot) {
  std::erase(slot.timers, nullptr);
  for (std::size_t i = 0; i < slot.timers.size(); ++i) {
    slot.timers[i]->place_ = static_cast<std::uint32_t>(i);
  }
}

int TimerQueue::find_used(std::size_t level, std::size_t first, std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t slot = level * slots + (first + i) % slots;
    if (wheel_[slot].armed > 0) return static_cast<int>(i);
  }
  return -1;
}

const std::vector<Timer*>& TimerQueue::take_slot(std::size_t number) {
  Slot& slot = wheel_[number];
  in_wheel_ -= std::exchange(slot.armed, 0);
  taken_.clear();
  if (taken_.capacity() > kept_timers_max) taken_.shrink_to_fit();
  taken_.swap(slot.timers);
  return taken_;
}

void TimerQueue::promote() {
  constexpr auto size = static_cast<std::int64_t>(slots);
  while (in_wheel_ > 0 && (heap_.empty() || tick_of(heap_.front().due) >= next_tick_)) {
    std::int64_t first = next_tick_ - block_ * size;  // within level 0; its size: all were taken
    int used =
        find_used(0, static_cast<std::size_t>(first), slots - static_cast<std::size_t>(first));
    if (used >= 0) {
      next_tick_ += used;
      if (!heap_.empty() && tick_of(heap_.front().due) < next_tick_) return;
      ++next_tick_;
      for (Timer* timer : take_slot(static_cast<std::size_t>(first + used))) {
        if (timer) push(*timer);
      }
      continue;
    }
    int blocks = find_used(1, static_cast<std::size_t>((block_ + 1) % size), slots - 1);
    block_ += blocks + 1;
    next_tick_ = block_ * size;
    for (Timer* timer : take_slot(slots + static_cast<std::size_t>(block_ % size))) {
      if (timer) append(static_cast<std::uint32_t>(tick_of(timer->due_) % size), *timer);
    }
  }
}

}  // namespace berth
