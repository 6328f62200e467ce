#pragma once

#include <set>
#include <string>

#include "async/world.h"
#include "placement/change_set.h"
#include "placement/feed.h"
#include "placement/mirror.h"
#include "placement/scheduler.h"

namespace berth::placement {

/// Brings the running towards the desired state: whenever the state changed or the scheduler's wake
/// time came it calls schedule() on the mirror and commits what that answers, under conditions on
/// what it read. Changes that come together are decided on together. Errors of the Store are logged
/// and tried again with back-off; a conflict means that the state is newer than the mirror, and is
/// decided anew. One a system (on a cluster: the holder of the leader's lease). Belongs to one
/// reactor.
class Controller {
 public:
  static constexpr Duration burst = 10ms;  // after a change more of them are waited for so long

  Controller(World& world, Log log, storage::Store& store, Mirror& mirror, Feed& feed,
             SchedulerOptions options = {});

  /// The mirror has its first state already.
  void start();
  Deferred<void> close() { return scope_.close(); }
  /// Why a service waits, in words; empty if it does not. Valid until the next decision.
  std::string_view waits(std::string_view service) const;
  /// How often it has decided, for tests and `doctor`.
  std::uint64_t decisions() const { return decisions_; }

 private:
  Deferred<void> run();
  /// False: nothing was to be written.
  Deferred<bool> decide();
  Deferred<void> write_system();
  Deferred<void> wait();
  Deferred<storage::Revision> commit(std::vector<ChangeSet::Packed> packed,
                                     std::vector<FeedEntry> feed);
  void note_missing_hosts();
  void tell(std::vector<FeedEntry>& feed, const std::set<std::string>& services);

  World& world_;
  Log log_;
  storage::Store& store_;
  Mirror& mirror_;
  Feed& feed_;
  SchedulerOptions options_;
  LastSeen last_seen_;
  Decision last_;
  std::uint64_t decided_at_ = 0;  // the state's revision
  std::uint64_t decisions_ = 0;
  std::string system_written_;  // what stands at catalog/system, as far as known
  Scope scope_;
};

/// A decision as changes under the condition that its services and what it writes stand as the
/// mirror shows them; each service's record comes first of its parts.
ChangeSet changes_of(const Decision& decision, const Mirror& mirror);

}  // namespace berth::placement
