#pragma once

#include <memory>

#include "console/access.h"
#include "console/dashboards.h"
#include "console/deploy.h"
#include "console/live.h"
#include "console/logs.h"
#include "console/overview.h"
#include "console/sources.h"
#include "console/state_view.h"
#include "http/router.h"

namespace berth::console {

/// Berth's HTTP API and its console (docs/formats/api.md): every route behind the check of who may
/// ask. The program makes one, gives answer() to an http::Server, and closes in this order: this,
/// the server, what stands in `sources`. Belongs to one reactor.
class Api {
 public:
  Api(Sources sources, ApiOptions options);
  ~Api();

  /// Begins to count seconds and to push. The mirror and the observer have started.
  void start() { live_.start(); }
  /// Ends the streams, so that the server can close without cutting them.
  Deferred<void> close() { return live_.close(); }

  Deferred<http::ServerResponse> answer(http::ServerRequest& request) const;
  /// For routes that others bring: they are behind the same check. Before start().
  http::Router& router() { return router_; }

  /// What GET /v1/state answers, for who is in the same process.
  std::string state() const { return view_.state(); }

 private:
  void add_routes();
  void add_log_route();
  void add_series_routes();
  /// GET /v1/series.
  Deferred<http::ServerResponse> series(http::ServerRequest& request);
  Deferred<http::ServerResponse> logs(http::ServerRequest& request);
  http::ServerResponse live(const http::ServerRequest& request);

  const Sources sources_;
  const ApiOptions options_;
  Access access_;
  Overview overview_;
  StateView view_;
  Deploys deploys_;
  Dashboards dashboards_;
  http::Router router_;
  std::shared_ptr<std::size_t> log_followers_ = std::make_shared<std::size_t>(0);
  Live live_;
};

}  // namespace berth::console
