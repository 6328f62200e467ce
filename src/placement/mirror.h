#pragma once

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/log.h"
#include "placement/records.h"
#include "storage/store.h"

namespace berth::placement {

/// The control state in memory, kept equal to the Store by a watch: what the controller, agents and
/// the console read. When the watch breaks (compacted, engine away) it lists again with back-off
/// and shows what it knew meanwhile. Belongs to one reactor; the Store outlives it.
class Mirror {
 public:
  Mirror(World& world, Log log, storage::Store& store);

  /// Resolves once the first state is there.
  Deferred<void> start();
  Deferred<void> close() { return scope_.close(); }
  const ClusterState& state() const { return state_; }
  /// Resolves after the next change.
  Deferred<void> changed() { return changed_.wait(); }
  /// Resolves once the state is at `revision` or later.
  Deferred<void> reached(std::uint64_t revision);

 private:
  Deferred<void> list();
  Deferred<void> follow(Promise<void> first);

  World& world_;
  Log log_;
  storage::Store& store_;
  ClusterState state_;
  WaitList<void> changed_;
  Scope scope_;
};

}  // namespace berth::placement
