#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/log.h"
#include "catalog/model.h"
#include "storage/store.h"

namespace berth::catalog {

// Where the catalog stands in the Store; values are the JSON of codec.h.
//   catalog/system               {"system": "shop", "domain": "shop.localhost"}
//   catalog/service/NAME         a Service without its instances: placement
//   catalog/instance/NAME/N      an Instance: the agent that runs it
inline constexpr std::string_view prefix = "catalog/";
inline constexpr std::string_view system_key = "catalog/system";
std::string service_key(std::string_view service);
/// `id` is "orders/1".
std::string instance_key(std::string_view id);

/// A healthy instance that a balancer gives nothing for a while, and why.
struct OutOfRotation {
  std::string instance;  // "orders/1@incarnation"
  std::string why;       // "5 failures in a row, the last: refused; back in 4 s"
  bool operator==(const OutOfRotation&) const = default;
};

/// What one balancer has told last: valid for `report_lease`.
struct BalancerReport {
  std::uint64_t revision = 0;          // of the snapshot that it has applied
  std::vector<std::string> in_flight;  // "orders/1@incarnation": leaving, still answering
  std::vector<OutOfRotation> out;      // at most `out_max`
  MonotonicTime heard{};

  static constexpr std::size_t out_max = 256;
};

/// The catalog as immutable snapshots made from what stands in the Store, each at the Store's
/// revision, so that an older one is told from a newer one across restarts and servers. While the
/// Store is away the last snapshot stands. Belongs to one reactor; the Store outlives it.
class Catalog {
 public:
  static constexpr Duration report_lease = 3s;

  Catalog(World& world, Log log, storage::Store& store);

  /// Resolves once the first snapshot is there; then follows the Store.
  Deferred<void> start();
  Deferred<void> close() { return scope_.close(); }

  std::shared_ptr<const Snapshot> snapshot() const { return snapshot_; }
  /// Resolves at the next change.
  Deferred<void> changed() { return changed_.wait(); }

  void report(const std::string& balancer, BalancerReport report);
  /// True once every balancer that is alive has applied `revision` and answers nothing on the
  /// instance any more. Never within the first `report_lease`: a balancer of an earlier run may be
  /// alive that has not been heard yet.
  bool drained(const std::string& id, const std::string& incarnation, std::uint64_t revision);
  /// Why balancers leave that instance out, "out at HOST-PID: WHY"; empty where none does.
  std::string why_out(std::string_view id, std::string_view incarnation) const;
  /// Which balancers are alive, for `doctor`.
  const std::map<std::string, BalancerReport>& balancers() const { return balancers_; }

 private:
  Deferred<std::uint64_t> list();
  Deferred<void> follow(Promise<void> first);
  /// Takes over what stands at a key; null: nothing does.
  static void apply(Snapshot& snapshot, const std::string& key, const std::string* value,
                    std::uint64_t revision, Log log);
  void publish(std::shared_ptr<Snapshot> next);

  World& world_;
  Log log_;
  storage::Store& store_;
  MonotonicTime started_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::map<std::string, BalancerReport> balancers_;
  WaitList<void> changed_;
  Scope scope_;
};

}  // namespace berth::catalog
