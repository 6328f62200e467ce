#include "observe/streams/stream_timer.h"

#include "observe/streams/core.h"

namespace berth::observe::streams {

void StreamTimer::at(WallTime due) {
  due_ = due;
  interval_ = Duration(0);
  arm();
}

void StreamTimer::every(WallTime due, Duration interval) {
  due_ = due;
  interval_ = interval;
  arm();
}

void StreamTimer::arm() {
  // The difference is taken by unsigned arithmetic: an event's time may be anything.
  Duration wait{0};
  if (due_ > core_.now()) {
    auto more = static_cast<std::uint64_t>(due_.nanoseconds) -
                static_cast<std::uint64_t>(core_.now().nanoseconds);
    wait =
        Duration(static_cast<std::int64_t>(std::min<std::uint64_t>(more, std::int64_t{1} << 61)));
  }
  Clock& clock = core_.clock();
  clock.timers().arm(*this, clock.now() + wait);
}

void StreamTimer::fire() {
  core_.begin_turn();
  if (interval_ > Duration(0)) {
    due_ = due_ + interval_;
    if (due_ <= core_.now()) {
      auto missed = (core_.now() - due_) / interval_ + 1;
      core_.counters().ticks_skipped += static_cast<std::uint64_t>(missed);
      due_ = due_ + missed * interval_;
    }
    arm();
  }
  tick_();
}

}  // namespace berth::observe::streams
