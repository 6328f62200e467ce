#pragma once

#include <functional>
#include <string>

#include "async/world.h"
#include "http/router.h"
#include "proxy/counts.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// What can be asked of any proxy over HTTP, and the little that is told to it without a file:
/// metrics, figures, sessions, slow requests, purges (docs/formats/proxy.md). Adds routes to
/// routers; lives as long as they are asked. One reactor; `proxy` and `counts` outlive it.
class Inspection {
 public:
  Inspection(World& world, Proxy& proxy, const Counts& counts);

  /// Only reads, and tells nobody's requests: metrics, `more` behind them, and figures.
  void add_figures(http::Router& router, std::function<std::string()> more = {});
  /// All the rest.
  void add_requests(http::Router& router);

 private:
  http::ServerResponse sessions() const;
  http::ServerResponse kill(http::ServerRequest& request);
  http::ServerResponse purge(http::ServerRequest& request);
  http::ServerResponse slow(http::ServerRequest& request) const;

  World& world_;
  Proxy& proxy_;
  const Counts& counts_;
  MonotonicTime begun_;
};

}  // namespace berth::proxy
