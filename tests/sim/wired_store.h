#pragma once

#include <deque>

#include "sim/simulation.h"
#include "storage/store.h"

namespace berth::sim {

/// A Store that stands on another host: each call and each answer takes the wires. Where they stay
/// cut for `patience`, a call answers unavailable if it did not arrive and unknown_outcome if it
/// did, and a watch ends; as an engine of a cluster does. Owned by a process on `from`.
class WiredStore final : public storage::Store {
 public:
  static constexpr Duration patience = 4s;

  WiredStore(storage::Store& real, Fabric& fabric, Node& from, Node& to)
      : real_(real), fabric_(fabric), from_(from), to_(to) {}

  Deferred<storage::Revision> commit(storage::Batch batch) override;
  Deferred<std::optional<storage::Entry>> get(std::string key) override;
  Deferred<storage::Page> read(storage::Range range) override;
  Deferred<std::unique_ptr<storage::Watch>> watch(storage::Range range,
                                                  storage::Revision after) override;
  Deferred<storage::LeaseId> grant(std::uint32_t seconds) override;
  Deferred<void> keep_alive(storage::LeaseId lease) override;
  Deferred<void> revoke(storage::LeaseId lease) override;
  Deferred<void> compact(storage::Revision revision) override;
  Deferred<void> close() override { return ready(); }

 private:
  class WiredWatch;
  /// False: it did not arrive.
  Deferred<bool> travel(Node& from, Node& to);
  template <class T, class Ask>
  Deferred<T> call(Ask ask);

  storage::Store& real_;
  Fabric& fabric_;
  Node& from_;
  Node& to_;
};

}  // namespace berth::sim
