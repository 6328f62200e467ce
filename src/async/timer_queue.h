#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"

namespace berth {

/// A point in time at which something is to happen. Intrusive: owned by whoever embeds it, which
/// may destroy it at any time. Belongs to one thread.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  bool armed() const { return queue_ != nullptr; }
  void disarm();

 protected:
  ~Timer() { disarm(); }

 private:
  friend class TimerQueue;
  /// Called once by the reactor, disarmed; may arm itself again.
  virtual void fire() = 0;

  class TimerQueue* queue_ = nullptr;
  std::size_t place_ = 0;
  MonotonicTime due_;
};

/// The armed timers of one reactor: a heap with four children a node that knows each timer's place,
/// so that arming and disarming cost O(log n) and no allocation per timer.
class TimerQueue {
 public:
  TimerQueue() = default;
  ~TimerQueue();

  /// An armed timer is moved to the new time.
  void arm(Timer& timer, MonotonicTime due);
  void disarm(Timer& timer);
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// When the first is due; only if not empty.
  MonotonicTime next() const { return heap_.front().due; }
  /// Fires, in order of time, what is due at `now`. Returns how many.
  std::size_t fire_due(MonotonicTime now);

 private:
  struct Entry {
    MonotonicTime due;
    Timer* timer;
  };
  void put(std::size_t place, Entry entry);
  void rise(std::size_t place, Entry entry);
  void sink(std::size_t place, Entry entry);

  std::vector<Entry> heap_;
};

}  // namespace berth
