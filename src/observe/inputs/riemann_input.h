#pragma once

#include "http/router.h"
#include "http/server.h"
#include "observe/inputs/open_places.h"
#include "observe/streams/riemann_server.h"
#include "observe/streams/riemann_web.h"

namespace berth::observe {

/// Riemann's protobuf by TCP, TLS and UDP. A message is acknowledged once the samples of its events
/// are in the store's log.
class RiemannInput final : public Input {
 public:
  RiemannInput(const InputSpec& spec, const InputLinks& links, OpenPlaces places);
  Deferred<void> close() override { return server_.close(); }
  InputCounters counters() const override;

 private:
  streams::RiemannServer server_;
};

/// Riemann's WebSocket or its server-sent events, by HTTP.
class RiemannWebInput final : public Input {
 public:
  RiemannWebInput(const InputSpec& spec, const InputLinks& links, OpenPlaces places);
  Deferred<void> close() override { return server_.close(); }
  InputCounters counters() const override;

 private:
  streams::RiemannWeb web_;
  http::Router routes_;
  http::Server server_;
};

}  // namespace berth::observe
