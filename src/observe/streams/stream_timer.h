#pragma once

#include <functional>

#include "async/clock.h"
#include "base/time.h"

namespace berth::observe::streams {

class StreamCore;

/// Calls a function at a point of the core's time, once or again and again. Owned by a stream, and
/// stopped with it. One that is held up for longer than its interval leaves out what it missed.
class StreamTimer final : Timer {
 public:
  using Tick = std::move_only_function<void()>;
  StreamTimer(StreamCore& core, Tick tick) : core_(core), tick_(std::move(tick)) {}

  /// Once, not before this turn is over.
  void at(WallTime due);
  /// Each `interval`, first at `due`.
  void every(WallTime due, Duration interval);
  void stop() { disarm(); }
  bool running() const { return armed(); }
  /// When it is due next, or was last.
  WallTime due() const { return due_; }

 private:
  void fire() override;
  void arm();

  StreamCore& core_;
  Tick tick_;
  WallTime due_{};
  Duration interval_{};
};

}  // namespace berth::observe::streams
