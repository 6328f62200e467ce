#include "observe/inputs/riemann_input.h"

#include "observe/local_streams.h"

namespace berth::observe {
namespace {

streams::RiemannLimits limits_of(const InputSpec& spec) {
  streams::RiemannLimits limits;
  limits.connections_max = spec.connections_max;
  return limits;
}

http::ServerOptions options_of(const InputSpec& spec, Log log) {
  http::ServerOptions options;
  options.connections_max = spec.connections_max;
  options.log = log;
  return options;
}

}  // namespace

RiemannInput::RiemannInput(const InputSpec& spec, const InputLinks& links, OpenPlaces places)
    : server_(links.events, links.log, limits_of(spec)) {
  server_.acknowledge_after([&samples = links.samples] { return samples.commit(); });
  for (auto& listener : places.listeners) server_.serve(std::move(listener));
  for (auto& socket : places.datagrams) server_.serve(std::move(socket));
}

InputCounters RiemannInput::counters() const {
  auto& counted = server_.counters();
  InputCounters out;
  out.received = counted.messages + counted.datagrams;
  out.lost = {{"refused", counted.refused},
              {"wrong_datagram", counted.lost},
              {"receive_queue_full", server_.lost_datagrams()}};
  return out;
}

RiemannWebInput::RiemannWebInput(const InputSpec& spec, const InputLinks& links, OpenPlaces places)
    : web_(links.events, links.log),
      server_(
          links.world.clock,
          [this](http::ServerRequest& request) { return for_programs(routes_, request); },
          options_of(spec, links.log)) {
  if (spec.kind == "riemann_websocket") {
    web_.add_websocket_routes(routes_);
  } else {
    web_.add_event_stream_routes(routes_);
  }
  for (auto& listener : places.listeners) server_.serve(std::move(listener));
}

InputCounters RiemannWebInput::counters() const {
  InputCounters out;
  out.received = server_.requests();
  return out;
}

}  // namespace berth::observe
