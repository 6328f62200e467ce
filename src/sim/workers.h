#pragma once

#include "async/executor.h"
#include "sim/fabric.h"

namespace berth::sim {

/// Runs work on the simulation's own thread a while later, in any order. What waits when its host
/// crashes is lost.
class Workers final : public berth::Workers {
 public:
  std::size_t tasks_max = 4096;  // that wait; a test may want fewer

  Workers(Timeline& timeline, Node& node) : timeline_(timeline), node_(node) {}

  bool submit(std::move_only_function<void()> work) override {
    if (waiting_ >= tasks_max) return false;
    ++waiting_;
    MonotonicTime when = timeline_.now() + timeline_.between(10us, 1ms);
    timeline_.at(std::max(when, node_.stalled_until),
                 [this, boot = node_.boot, work = std::move(work)]() mutable {
                   --waiting_;
                   if (node_.up && node_.boot == boot) work();
                 });
    return true;
  }

 private:
  Timeline& timeline_;
  Node& node_;
  std::size_t waiting_ = 0;
};

}  // namespace berth::sim
