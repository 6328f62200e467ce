#pragma once

#include <functional>
#include <string>
#include <vector>

#include "async/world.h"
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
/// state that the file no longer names are removed (not with `only`).
std::vector<PlannedChange> plan(const ClusterState& state, const SystemSpec& spec,
                                const std::vector<std::string>& only);

/// The operations of users on the desired state. Each reads, decides and commits under the
/// condition that nothing else came between (and tries again if it did); the answer is the
/// revision, and the change is durable. Errors: not_found with the nearest name, conflict ("there
/// is no earlier good version"), those of Store.
class Changes {
 public:
  Changes(World& world, storage::Store& store, Mirror& mirror)
      : world_(world), store_(store), mirror_(mirror) {}

  Deferred<storage::Revision> deploy(SystemSpec spec, std::vector<std::string> only);
  /// To a version that is kept, or (0) to the last good one before the target.
  Deferred<storage::Revision> rollback(std::string service, std::uint64_t to);
  Deferred<storage::Revision> scale(std::string service, std::uint32_t instances);
  Deferred<storage::Revision> restart(std::string service);
  Deferred<storage::Revision> remove(std::string service);

 private:
  using Edit = std::function<Result<void>(DesiredService&)>;
  Deferred<storage::Revision> edit(std::string service, Edit edit);

  World& world_;
  storage::Store& store_;
  Mirror& mirror_;
};

}  // namespace berth::placement
