#include "observe/streams/event_buffer.h"

#include <algorithm>

namespace berth::observe::streams {

bool EventBuffer::push(const Event& event) {
  if (size() >= core_->limits().held_events_max) {
    ++core_->counters().dropped;
    return false;
  }
  if (free_.empty()) {
    all_.push_back(std::make_unique<Event>());
    free_.push_back(all_.back().get());
  }
  Event* room = free_.back();
  free_.pop_back();
  *room = event;
  live_.push_back(room);
  return true;
}

void EventBuffer::pop_front() {
  free_.push_back(const_cast<Event*>(live_[begin_++]));
  if (begin_ * 2 < live_.size()) return;
  live_.erase(live_.begin(), live_.begin() + static_cast<std::ptrdiff_t>(begin_));
  begin_ = 0;
}

void EventBuffer::clear() {
  for (std::size_t at = begin_; at < live_.size(); ++at) {
    free_.push_back(const_cast<Event*>(live_[at]));
  }
  live_.clear();
  begin_ = 0;
}

void EventBuffer::swap(EventBuffer& other) noexcept {
  std::swap(core_, other.core_);
  live_.swap(other.live_);
  std::swap(begin_, other.begin_);
  free_.swap(other.free_);
  all_.swap(other.all_);
}

}  // namespace berth::observe::streams
