#pragma once

#include <functional>
#include <string>

#include "async/world.h"
#include "http/router.h"
#include "proxy/proxy_state.h"
#include "proxy/siblings.h"

namespace berth::proxy {

/// What can be asked of any proxy over HTTP, and the little that is told to it without a file:
/// metrics, figures, sessions, slow requests, purges (docs/formats/proxy.md), of all reactors
/// together. Adds routes to routers; lives as long as they are asked. One reactor; `proxy`,
/// `counts` and `siblings` outlive it.
class Inspection {
 public:
  Inspection(World& world, Proxy& proxy, const Counts& counts, Siblings& siblings = no_siblings());

  /// Of all reactors together. Errors: those of Siblings::each.
  Deferred<ProxyState> state();

  /// Only reads, and tells nobody's requests: metrics, `more` behind them, and figures.
  void add_figures(http::Router& router, std::function<std::string()> more = {});
  /// All the rest.
  void add_requests(http::Router& router);

 private:
  Deferred<http::ServerResponse> metrics(const std::function<std::string()>& more);
  Deferred<http::ServerResponse> sessions();
  Deferred<http::ServerResponse> kill(http::ServerRequest& request);
  Deferred<http::ServerResponse> purge(http::ServerRequest& request);
  Deferred<http::ServerResponse> slow(http::ServerRequest& request);

  World& world_;
  Proxy& proxy_;
  const Counts& counts_;
  Siblings& siblings_;
  MonotonicTime begun_;
};

}  // namespace berth::proxy
