#pragma once

#include <string>

#include "observe/outputs/line_peer.h"

namespace berth::observe {

struct GraphiteOptions {
  Endpoint place;      // of carbon's plaintext listener, "tcp:graphite:2003"
  std::string prefix;  // before every path
};

/// Graphite's plaintext protocol: a line "PATH VALUE SECONDS" an event with a metric
/// (graphite.readthedocs.io, feeding-carbon). Riemann's loses silently what it writes to a server
/// that goes away; what a LinePeer sends is confirmed.
class GraphiteOutput final : public Output {
 public:
  GraphiteOutput(World& world, tls::ClientContext context, GraphiteOptions options)
      : options_(options), peer_(world, std::move(context), options.place) {}

  std::size_t batch_max() const override { return 5000; }
  bool wants(const Event& event) const override;
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  const GraphiteOptions options_;
  LinePeer peer_;
};

/// "com.example.www.api 1.5 1700000000\n".
void append_graphite_line(std::string& out, std::string_view prefix, const Event& event);

}  // namespace berth::observe
