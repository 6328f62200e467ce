#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/log.h"
#include "http/router.h"
#include "http/websocket.h"
#include "observe/streams/core.h"

namespace berth::observe::streams {

struct RiemannWebLimits {
  std::size_t index_events_max = 100'000;   // that one query may find: 400 beyond
  std::size_t waiting_events_max = 10'000;  // of a reader that is slow: it is then cut off
  std::size_t body_bytes_max = 16 << 20;    // of /events by HTTP
  http::WebSocketOptions websocket;
};

/// Riemann's index and topics for browsers and dashboards (riemann transport/websockets.clj, port
/// 5556, and sse.clj, port 5558): WebSocket /index?query=Q[&subscribe=true], /pubsub/TOPIC?query=Q
/// and /events, which takes an event in JSON a message; PUT or POST /events with an event a line;
/// and, as server-sent events, /index?query=Q: first what is in the index, then what comes to it.
/// A query that is missing or wrong is answered 400. Belongs to the core's reactor; the routers
/// that it fills refer to it.
class RiemannWeb {
 public:
  RiemannWeb(StreamCore& core, Log log, RiemannWebLimits limits = {})
      : core_(core), log_(log), limits_(limits) {}

  void add_websocket_routes(http::Router& router);
  void add_event_stream_routes(http::Router& router);

 private:
  using SharedQuery = std::shared_ptr<const Query>;
  static Result<SharedQuery> query_of(const http::ServerRequest& request);
  Result<std::vector<std::string>> indexed(const Query& query) const;
  http::ServerResponse open_index(http::ServerRequest& request);
  http::ServerResponse open_topic(http::ServerRequest& request);
  http::ServerResponse open_events(http::ServerRequest& request);
  http::ServerResponse stream_index(http::ServerRequest& request);
  Deferred<http::ServerResponse> put_events(http::ServerRequest& request);
  Deferred<void> tell(http::WebSocket& socket, std::string topic, SharedQuery query,
                      bool with_index);
  Deferred<void> tell_index(http::WebSocket& socket, SharedQuery query);
  Deferred<void> take_events(http::WebSocket& socket);
  /// "{}", or {"error": why it was not taken}.
  std::string take_event(std::string_view json);

  StreamCore& core_;
  Log log_;
  RiemannWebLimits limits_;
};

}  // namespace berth::observe::streams
