#pragma once

#include "observe/streams/core.h"
#include "observe/streams/stream_timer.h"

namespace berth::observe::streams {

/// Windows of dt by the clock, counted from when it was made; one begins only with an event in it,
/// and its end is called once (riemann streams.clj, part-time-simple).
class TickWindow {
 public:
  TickWindow(StreamCore& core, Duration dt, StreamTimer::Tick end)
      : core_(core), dt_(dt), anchor_(core.now()), timer_(core, std::move(end)) {}

  /// An event has come.
  void touch() {
    if (timer_.running()) return;
    Duration gone = (core_.now() - anchor_) % dt_;
    if (gone < Duration(0)) gone += dt_;
    timer_.at(core_.now() + (dt_ - gone));
  }
  bool open() const { return timer_.running(); }

 private:
  StreamCore& core_;
  Duration dt_;
  WallTime anchor_;
  StreamTimer timer_;
};

}  // namespace berth::observe::streams
