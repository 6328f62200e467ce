#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/server_options.h"
#include "http/server_shared.h"
#include "proxy/gateway/gateway.h"
#include "proxy/proxy.h"

namespace berth::http {
class H2Conversation;
}

namespace berth::proxy {

/// A connection of HTTP/2, at the gateway or on a VIP: each of its requests is a Session of its
/// own, whose client is a Bridge, so that routes, retries and records are those of HTTP/1.1. Lives
/// in the frame of Proxy::serve. Limits: those of http::ServerOptions, with the entrance's times.
/// Trailers go both ways, a WebSocket's extended CONNECT (RFC 8441) as an upgrade. What the proxy
/// itself answers to a gRPC call is a status of gRPC (grpc_answer.h).
class H2Front {
 public:
  /// `pool` and `entrance` as of a Session.
  H2Front(Proxy& proxy, std::shared_ptr<Pool> pool,
          std::shared_ptr<const gateway::Entrance> entrance,
          const std::uint32_t& frontend_connections);

  /// Until the connection ends; `early` was read already. Errors of the peer end it without one.
  Deferred<void> run(std::unique_ptr<ByteStream> stream, Bytes early);

 private:
  Deferred<http::ServerResponse> answer(http::ServerRequest& request);
  Deferred<void> leave(http::H2Conversation& conversation);

  Proxy& proxy_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<const gateway::Entrance> entrance_;
  const std::uint32_t& frontend_connections_;
  http::ServerOptions options_;
  http::ServerShared shared_;
  Address local_;
  std::string caller_;  // asked for once a connection
};

}  // namespace berth::proxy
