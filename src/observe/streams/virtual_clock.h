#pragma once

#include <algorithm>

#include "async/clock.h"
#include "async/ready_list.h"

namespace berth::observe::streams {

/// Time that stands until it is moved on (riemann time/controlled.clj): for tests of streams, ours
/// and our users'. Timers fire each at its own time, in order. Begins at 1970.
class VirtualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  MonotonicTime exact_now() const override { return now_; }
  WallTime wall() const override { return {now_.nanoseconds}; }
  TimerQueue& timers() override { return timers_; }

  /// Never back.
  void advance_to(WallTime time) {
    MonotonicTime target{time.nanoseconds};
    if (target <= now_) return;
    while (!timers_.empty() && timers_.next() <= target) {
      now_ = std::max(now_, timers_.next());
      timers_.fire_due(now_);
      while (ReadyList::current().run() > 0) {
      }
    }
    now_ = target;
  }
  void advance(Duration by) { advance_to(wall() + by); }

 private:
  MonotonicTime now_{};
  TimerQueue timers_;
};

}  // namespace berth::observe::streams
