#pragma once

#include "observe/streams/core.h"
#include "observe/streams/stream_timer.h"

namespace berth::observe::streams {

/// Calls a function each `interval` from the first event on, until an expired event comes or the
/// last event's ttl is over (riemann streams.clj, periodically-until-expired). An event without
/// time or ttl lets it run for ever; the core's door gives both.
class UntilExpired {
 public:
  /// First after `delay`; `ended` is called when it ends by a ttl.
  UntilExpired(StreamCore& core, Duration interval, Duration delay, StreamTimer::Tick tick,
               StreamTimer::Tick ended = {})
      : core_(core),
        interval_(interval),
        delay_(delay),
        tick_(std::move(tick)),
        ended_(std::move(ended)),
        timer_(core, [this] { fire(); }) {}

  /// True if the event was not expired.
  bool take(const Event& event) {
    expires_ =
        event.ttl != Duration(0) && has_time(event) ? event.time + event.ttl : WallTime{forever};
    if (expired(event, core_.now())) {
      timer_.stop();
      return false;
    }
    if (!timer_.running()) timer_.every(core_.now() + delay_, interval_);
    return true;
  }
  bool running() const { return timer_.running(); }
  /// The beginning of the interval that is under way.
  WallTime due() const { return timer_.due(); }

 private:
  static constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();
  void fire() {
    if (expires_ >= core_.now()) return tick_();
    timer_.stop();
    if (ended_) ended_();
  }

  StreamCore& core_;
  Duration interval_, delay_;
  StreamTimer::Tick tick_, ended_;
  WallTime expires_{forever};
  StreamTimer timer_;
};

}  // namespace berth::observe::streams
