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
/// and shows what it knew meanwhile. An entry that cannot be read is logged and shown as it was
/// before. Belongs to one reactor; the Store outlives it. At most `entries_max` entries.
class Mirror {
 public:
  static constexpr std::size_t entries_max = 100'000;

  Mirror(World& world, Log log, storage::Store& store);

  /// Resolves once the first state is there.
  Deferred<void> start();
  Deferred<void> close() { return scope_.close(); }
  const ClusterState& state() const { return state_; }
  /// Resolves after the next change.
  Deferred<void> changed() { return changed_.wait(); }
  /// Resolves once the state is at `revision` or later.
  Deferred<void> reached(std::uint64_t revision);
  /// When the entry at `key` was written last, as of state().revision; 0: there is none. What a
  /// commit that was decided on this state requires.
  storage::Revision changed_at(std::string_view key) const;

 private:
  Deferred<void> list();
  Deferred<void> follow(Promise<void> first);
  Deferred<void> follow_changes();
  void take(const std::vector<storage::Change>& changes);
  void apply(ClusterState& state, const std::string& key, const std::string* value);
  void wake_all();

  World& world_;
  Log log_;
  storage::Store& store_;
  ClusterState state_;
  std::map<std::string, storage::Revision, std::less<>> changed_at_;
  WaitList<void> changed_;
  Scope scope_;
};

}  // namespace berth::placement
