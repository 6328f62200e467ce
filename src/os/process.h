#pragma once

#include "async/process.h"
#include "os/reactor.h"

namespace berth::os {

/// Children of this process, watched by pidfd on a Reactor.
class Process final : public berth::Process {
 public:
  explicit Process(Reactor& reactor) : reactor_(reactor) {}
  Deferred<std::unique_ptr<Child>> spawn(SpawnSpec spec) override;

 private:
  Reactor& reactor_;
};

/// Forks and executes; returns the pid. Blocks until the child has executed or failed to (a
/// moment): its error is then ours.
Result<int> spawn_process(const SpawnSpec& spec);

}  // namespace berth::os
