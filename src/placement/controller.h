#pragma once

#include "async/world.h"
#include "placement/feed.h"
#include "placement/mirror.h"
#include "placement/scheduler.h"

namespace berth::placement {

/// Brings the running towards the desired state: whenever the state changed or the scheduler's wake
/// time came it calls schedule() on the mirror and commits what that answers, under conditions on
/// what it read. One a system (on a cluster: the holder of the leader's lease). Belongs to one
/// reactor.
class Controller {
 public:
  Controller(World& world, Log log, storage::Store& store, Mirror& mirror, Feed& feed,
             SchedulerOptions options = {});

  void start();
  Deferred<void> close() { return scope_.close(); }
  /// Why a service waits, in words; empty if it does not.
  std::string_view waits(std::string_view service) const;

 private:
  Deferred<void> run();
  Deferred<void> decide();

  World& world_;
  Log log_;
  storage::Store& store_;
  Mirror& mirror_;
  Feed& feed_;
  SchedulerOptions options_;
  LastSeen last_seen_;
  Decision last_;
  Scope scope_;
};

}  // namespace berth::placement
