#pragma once

#include <cstdint>
#include <memory>

#include "http/server_options.h"
#include "http/server_shared.h"
#include "proxy/gateway/gateway.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// A connection of HTTP/2 at the gateway: each of its requests is a Session of its own, whose
/// client is a Bridge, so that routes, retries and records are those of HTTP/1.1. Lives in the
/// frame of Proxy::serve. Limits: those of http::ServerOptions, with the entrance's times. Trailers
/// and upgrades do not go through.
class H2Front {
 public:
  H2Front(Proxy& proxy, std::shared_ptr<const gateway::Entrance> entrance,
          const std::uint32_t& frontend_connections);

  /// Until the connection ends. Errors of the peer end it without one.
  Deferred<void> run(std::unique_ptr<ByteStream> stream);

 private:
  Deferred<http::ServerResponse> answer(http::ServerRequest& request);

  Proxy& proxy_;
  std::shared_ptr<const gateway::Entrance> entrance_;
  const std::uint32_t& frontend_connections_;
  http::ServerOptions options_;
  http::ServerShared shared_;
};

}  // namespace berth::proxy
