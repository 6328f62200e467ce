#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "observe/streams/core.h"

namespace berth::observe::streams {

/// Copies of events in order, for streams that wait. What was taken out is used again, so that a
/// buffer which has been full once allocates no more for texts that are no longer. Beyond the
/// core's held_events_max the new event is left out and counted.
class EventBuffer {
 public:
  explicit EventBuffer(StreamCore& core) : core_(&core) {}

  bool push(const Event& event);
  std::size_t size() const { return live_.size() - begin_; }
  bool empty() const { return size() == 0; }
  const Event& operator[](std::size_t at) const { return *live_[begin_ + at]; }
  const Event& front() const { return *live_[begin_]; }
  const Event& back() const { return *live_.back(); }
  /// Valid until the next change.
  Batch view() const { return {live_.data() + begin_, size()}; }

  void pop_front();
  /// Keeps those for which `stays` holds.
  template <class F>
  void retain(F stays) {
    std::size_t to = 0;
    for (std::size_t at = begin_; at < live_.size(); ++at) {
      const Event* each = live_[at];
      if (stays(*each)) {
        live_[to++] = each;
      } else {
        free_.push_back(const_cast<Event*>(each));
      }
    }
    live_.resize(to);
    begin_ = 0;
  }
  void clear();
  void swap(EventBuffer& other) noexcept;

 private:
  StreamCore* core_;
  std::vector<const Event*> live_;  // from begin_ on; of all_
  std::size_t begin_ = 0;
  std::vector<Event*> free_;
  std::vector<std::unique_ptr<Event>> all_;
};

}  // namespace berth::observe::streams
