#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/world.h"
#include "placement/change_set.h"
#include "placement/mirror.h"
#include "placement/spec.h"

namespace berth::placement {

/// What a deploy would do to one service.
struct PlannedChange {
  enum class Action : std::uint8_t { create, change, remove };
  std::string service;
  Action action = Action::change;
  std::uint64_t version = 0;  // that it will have
  std::vector<FieldChange> fields;
};

/// What a deploy of `spec` would change, by service; of `only` these if not empty. Services of the
/// state that the file no longer names are removed (not with `only`). The number of instances
/// counts where the file changes it: what was scaled since stands otherwise.
std::vector<PlannedChange> plan(const ClusterState& state, const SystemSpec& spec,
                                const std::vector<std::string>& only);

/// The operations of users on the desired state. Each decides on the mirror's state and commits
/// under the condition that nothing else came between (and tries again if it did, at most
/// `attempts_max` times); the answer is the revision, and the change is durable. Errors: not_found
/// with the nearest name, conflict ("there is no earlier good version"), those of Store.
///
/// A deploy is one commit where it fits into a batch of Store (about 60 services, 1 MiB), else
/// several, each of whole services: if a later one fails, the error says which services have the
/// change, and deploying again does the rest.
class Changes {
 public:
  static constexpr int attempts_max = 20;

  Changes(World& world, storage::Store& store, Mirror& mirror)
      : world_(world), store_(store), mirror_(mirror) {}

  /// Refused with conflict: another system or environment than the one that runs, no VIP left.
  Deferred<storage::Revision> deploy(SystemSpec spec, std::vector<std::string> only);
  /// To a version that is kept, or (0) to the last good one before the target.
  Deferred<storage::Revision> rollback(std::string service, std::uint64_t to);
  /// Tells the feed.
  Deferred<storage::Revision> scale(std::string service, std::uint32_t instances);
  Deferred<storage::Revision> restart(std::string service);
  Deferred<storage::Revision> remove(std::string service);

 private:
  /// Changes the service, or says why not; what it returns goes to the feed with the change.
  using Edit = std::function<Result<std::optional<FeedEntry>>(DesiredService&)>;
  Deferred<storage::Revision> edit(std::string service, Edit edit);
  Result<storage::Batch> edit_batch(const std::string& service, const Edit& edit) const;
  Deferred<storage::Revision> commit_all(std::vector<ChangeSet::Packed> packed);
  /// Waits until the mirror knows more than it did at `revision`, for a while.
  Deferred<void> catch_up(std::uint64_t revision);

  World& world_;
  storage::Store& store_;
  Mirror& mirror_;
};

}  // namespace berth::placement
