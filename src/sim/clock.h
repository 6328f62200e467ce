#pragma once

#include "async/clock.h"
#include "sim/fabric.h"

namespace berth::sim {

/// A host's clock: the simulation's time, with a wall clock that is off by some and may jump. Its
/// timers rest while the host is stalled, and fire late.
class HostClock final : public Clock {
 public:
  HostClock(Timeline& timeline, Node& node) : timeline_(timeline), node_(node) {}

  MonotonicTime now() const override { return timeline_.now(); }
  MonotonicTime exact_now() const override { return timeline_.now(); }
  WallTime wall() const override { return timeline_.wall() + wall_offset; }
  TimerQueue& timers() override { return timers_; }
  /// When the first timer fires; only if there is one.
  MonotonicTime next() { return std::max(timers_.next(), node_.stalled_until); }

  Duration wall_offset{};

 private:
  Timeline& timeline_;
  Node& node_;
  TimerQueue timers_;
};

}  // namespace berth::sim
