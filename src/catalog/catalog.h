#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/clock.h"
#include "async/wait_list.h"
#include "catalog/model.h"

namespace berth::catalog {

/// What one balancer has told last: valid for `report_lease`.
struct BalancerReport {
  std::uint64_t revision = 0;          // of the snapshot that it has applied
  std::vector<std::string> in_flight;  // "orders/1@incarnation": leaving, still answering
  MonotonicTime heard{};
};

/// The catalog where it is written: services as placement compiles them, instances as agents
/// register them. Each change makes a new immutable snapshot with a higher revision; revisions go
/// on from `first_revision`, which must be above any of an earlier run. Belongs to one reactor.
class Catalog {
 public:
  static constexpr Duration report_lease = 3s;

  Catalog(Clock& clock, std::string system, std::string domain, std::uint64_t first_revision);

  /// Everything but the instances, which stay.
  void put_service(Service service);
  void remove_service(const std::string& name);
  /// By id within its service; unknown services are ignored (late news).
  void put_instance(const std::string& service, Instance instance);
  void remove_instance(const std::string& service, const std::string& id);

  std::shared_ptr<const Snapshot> snapshot() const { return snapshot_; }
  /// Resolves at the next change.
  Deferred<void> changed() { return changed_.wait(); }

  void report(const std::string& balancer, BalancerReport report);
  /// True once every balancer that is alive has applied `revision` and answers nothing on the
  /// instance any more.
  bool drained(const std::string& id, const std::string& incarnation, std::uint64_t revision);

 private:
  void publish(Service service);
  void wake();

  Clock& clock_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::map<std::string, BalancerReport> balancers_;
  WaitList<void> changed_;
};

}  // namespace berth::catalog
