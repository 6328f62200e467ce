#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "http/client.h"
#include "proxy/gateway/proxy_file.h"

namespace berth::proxy::gateway {

/// Whether an instance counts as well, after HAProxy's rise and fall. The first result decides;
/// then
///
///     healthy --`fall` failures in a row--> unhealthy --`rise` passes in a row--> healthy
class CheckTally {
 public:
  CheckTally(std::uint32_t rise, std::uint32_t fall) : rise_(rise), fall_(fall) {}

  /// `why` is empty for a pass. True if the health changed.
  bool add(std::string why);
  catalog::Health health() const { return health_; }
  const std::string& why() const { return why_; }

 private:
  std::uint32_t rise_;
  std::uint32_t fall_;
  std::uint32_t in_a_row_ = 0;  // results that speak against the health
  catalog::Health health_ = catalog::Health::starting;
  std::string why_ = "its first check is under way";
};

/// Asks the instances of a file again and again whether they are well. All who use a service share
/// what was found. An instance that stays as it is through a change of the file keeps its health
/// and its turn. One reactor; `changed` may be called in any turn but not within set().
class Checks {
 public:
  Checks(World& world, Log log, std::function<void()> changed);

  void set(const std::vector<FileService>& services);
  /// Writes into its instances what is known of them; one that nobody checks is healthy.
  void tell(catalog::Service& service) const;
  /// What the process before knew of an instance: its next set() begins with that.
  void begin_with(const std::string& service, const Address& instance, bool healthy,
                  std::string why);
  Deferred<void> close() { return scope_.close(); }

 private:
  struct Checked;
  using Key = std::pair<std::string, Address>;  // service, instance

  Deferred<void> run(std::shared_ptr<Checked> checked);
  Deferred<std::string> check(Checked& checked);
  Deferred<std::string> check_http(Checked& checked);
  Deferred<std::string> check_grpc(Checked& checked);

  World& world_;
  Log log_;
  std::function<void()> changed_;
  http::Client client_;
  std::map<Key, std::shared_ptr<Checked>> checked_;
  std::map<Key, std::string> known_;  // by the process before; empty: it is healthy
  Scope scope_;
};

}  // namespace berth::proxy::gateway
