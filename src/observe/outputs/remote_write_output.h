#pragma once

#include <span>
#include <string>

#include "observe/outputs/http_peer.h"

namespace berth::observe {

/// Prometheus' remote write 1.0 (prometheus.io/docs/concepts/remote_write_spec): a snappy block of
/// protobuf, by POST. A sample an event with a metric: its service is the name, its host and
/// attributes are labels. 5xx and 429 are tried again; what is refused is halved by the queue, so
/// that a sample out of order costs itself alone.
class RemoteWriteOutput final : public Output {
 public:
  RemoteWriteOutput(World& world, tls::ClientContext context, HttpPlace place)
      : peer_(world, std::move(context), std::move(place)) {}

  std::size_t batch_max() const override { return 2000; }  // as Prometheus' own sender
  bool wants(const Event& event) const override { return event.metric.has_value(); }
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  HttpPeer peer_;
};

/// The WriteRequest, not compressed: a series for each set of labels, sorted by name; its samples
/// in order of time, of those with one time the last.
std::string write_request(std::span<const Event> events);

}  // namespace berth::observe
