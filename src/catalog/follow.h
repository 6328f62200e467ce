#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "http/client.h"
#include "http/router.h"

namespace berth::catalog {

/// Adds the follower's protocol (docs/formats/catalog.md) to a router: GET /v1/catalog/follow
/// answers a whole snapshot and then each change as a line of JSON, with an empty object every 2 s
/// when nothing happens; POST /v1/catalog/balancers/ID takes a balancer's report. `catalog`
/// outlives the server.
void add_follow_routes(http::Router& router, Catalog& catalog, Clock& clock);

/// Keeps a copy of the catalog where it is read: follows the server, keeps the last snapshot on
/// disk and begins with it, so that it works while every server is away. An older revision never
/// replaces a newer one. Belongs to one reactor.
class Follower {
 public:
  using Apply = std::function<void(std::shared_ptr<const Snapshot>)>;

  Follower(World& world, Log log, Address server, std::string snapshot_path, Apply apply);

  /// Reads the snapshot on disk, then follows until closed.
  void start();
  Deferred<void> close() { return scope_.close(); }
  /// Tells the server what this balancer has applied (whatever `report` says of it), what is in
  /// flight on leaving instances, and what is out of rotation. `report` lives as long as the work.
  Deferred<void> report(const std::string& balancer, const BalancerReport& report);
  bool connected() const { return connected_; }

 private:
  Deferred<void> run();
  Deferred<void> follow();
  Deferred<void> keep();
  Result<void> take(std::string_view line);

  World& world_;
  Log log_;
  Address server_;
  std::string snapshot_path_;
  Apply apply_;
  http::Client client_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::uint64_t kept_revision_ = 0;
  bool connected_ = false;
  Scope scope_;
};

}  // namespace berth::catalog
