#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "http/router.h"
#include "http/server.h"
#include "proxy/alone.h"
#include "proxy/inspection.h"

namespace berth::proxy {

/// What can be asked of a proxy alone, and told to it, over HTTP (docs/formats/proxy.md): metrics
/// where the file says so, and all of it on a Unix path, which only who may write to it can open.
/// One reactor; `alone` outlives it.
class ControlSite {
 public:
  static constexpr Duration drain_wait_max = 1h;
  static constexpr Duration eject_time = 30s;
  static constexpr Duration eject_time_max = 24h;

  ControlSite(World& world, Log log, Alone& alone);

  /// Moves to these addresses; what stays goes on. Errors: those of listening, which change
  /// nothing.
  Result<void> set(const Address& metrics, const Address& control);
  /// What POST /v1/upgrade does: the pid of the process that has taken over.
  void on_upgrade(std::function<Deferred<std::int64_t>()> upgrade) {
    upgrade_ = std::move(upgrade);
  }

 private:
  struct Site {
    Address address;
    std::unique_ptr<http::Server> server;
  };

  Result<void> move(Site& site, const Address& to, const http::Router& router);
  void add_control();
  Deferred<http::ServerResponse> state();
  Deferred<http::ServerResponse> log(http::ServerRequest& request);
  Deferred<http::ServerResponse> order(http::ServerRequest& request, Alone::Order order);
  Deferred<http::ServerResponse> weigh(http::ServerRequest& request);
  Deferred<http::ServerResponse> eject(http::ServerRequest& request);
  http::ServerResponse certificates() const;
  http::ServerResponse renew(http::ServerRequest& request);
  Deferred<http::ServerResponse> upgrade();

  World& world_;
  Log log_;
  Alone& alone_;
  Inspection inspection_;
  std::function<Deferred<std::int64_t>()> upgrade_;
  http::Router metrics_router_;
  http::Router control_router_;
  Site metrics_;
  Site control_;
};

}  // namespace berth::proxy
