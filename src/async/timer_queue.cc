#include "async/timer_queue.h"

#include <algorithm>

namespace berth {

void Timer::disarm() {
  if (queue_) queue_->disarm(*this);
}

TimerQueue::~TimerQueue() {
  for (auto& entry : heap_) entry.timer->queue_ = nullptr;
}

void TimerQueue::arm(Timer& timer, MonotonicTime due) {
  if (timer.queue_) timer.queue_->disarm(timer);
  timer.queue_ = this;
  timer.due_ = due;
  heap_.push_back({});
  rise(heap_.size() - 1, {due, &timer});
}

void TimerQueue::disarm(Timer& timer) {
  if (timer.queue_ != this) return;
  timer.queue_ = nullptr;
  std::size_t place = timer.place_;
  Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  if (place > 0 && last.due < heap_[(place - 1) / 4].due) {
    rise(place, last);
  } else {
    sink(place, last);
  }
}

std::size_t TimerQueue::fire_due(MonotonicTime now) {
  std::size_t fired = 0;
  while (!heap_.empty() && heap_.front().due <= now) {
    Timer* timer = heap_.front().timer;
    disarm(*timer);
    timer->fire();
    ++fired;
  }
  return fired;
}

void TimerQueue::put(std::size_t place, Entry entry) {
  heap_[place] = entry;
  entry.timer->place_ = place;
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

}  // namespace berth
