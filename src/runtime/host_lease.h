#pragma once

#include <cstdint>
#include <string>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/log.h"
#include "placement/records.h"
#include "storage/store.h"

namespace berth::runtime {

/// Keeps this host's record in the Store under a lease, so that it goes when the host is silent.
/// While the Store is away it tries again with back-off. Belongs to one reactor.
class HostLease {
 public:
  HostLease(World& world, Log log, storage::Store& store, placement::HostRecord record,
            std::uint32_t lease_seconds);

  void start() { scope_.add(run()); }
  /// Stops keeping it: the record goes when the lease has run out.
  Deferred<void> close() { return scope_.close(); }
  /// `why`: why there is none, with what to do.
  void set_docker(bool docker, std::string why);

 private:
  Deferred<void> run();
  Deferred<void> hold();

  World& world_;
  Log log_;
  storage::Store& store_;
  placement::HostRecord record_;
  std::uint32_t lease_seconds_;
  WaitList<void> changed_;
  Scope scope_;
};

}  // namespace berth::runtime
