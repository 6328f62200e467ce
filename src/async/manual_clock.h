#pragma once

#include "async/clock.h"

namespace berth {

/// Time that stands until a test moves it on: Twisted's task.Clock. Begins at zero.
class ManualClock final : public Clock {
 public:
  MonotonicTime now() const override { return now_; }
  MonotonicTime exact_now() const override { return now_ + within_turn_; }
  WallTime wall() const override { return {}; }
  TimerQueue& timers() override { return timers_; }

  /// One turn of a reactor, `by` later: fires what is due and runs what is ready, until nothing is.
  void advance(Duration by) {
    now_ = now_ + by + within_turn_;
    within_turn_ = Duration(0);
    timers_.fire_due(now_);
    while (ReadyList::current().run() > 0) {
    }
  }
  /// From within a turn: the work of this turn took so long. exact_now() shows it at once.
  void take_time(Duration time) { within_turn_ += time; }

 private:
  MonotonicTime now_{};
  Duration within_turn_{};
  TimerQueue timers_;
};

}  // namespace berth
