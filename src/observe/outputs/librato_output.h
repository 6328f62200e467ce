#pragma once

#include <span>
#include <string>

#include "observe/outputs/http_peer.h"

namespace berth::observe {

struct LibratoOptions {
  HttpPlace place;       // https://metrics-api.librato.com, with Authorization for email and token
  std::string prefix;    // before every name
  Duration summarise{};  // zero: each event is a measurement
};

/// Librato's API of metrics (POST /v1/metrics, /v1/annotations/NAME; librato-metrics,
/// riemann librato.clj): a gauge an event with a metric, a counter where it is tagged "counter", an
/// annotation where it is tagged "annotation" or "alert". With `summarise` all values of one name
/// and source in such a stretch of time go as one gauge of count, sum, min, max and sum_squares.
/// One bad measurement sinks a whole post there: the queue halves it until that one is found.
class LibratoOutput final : public Output {
 public:
  static constexpr std::size_t measurements_max = 300;  // of a post, as librato's own clients

  LibratoOutput(World& world, tls::ClientContext context, LibratoOptions options)
      : options_(options), peer_(world, std::move(context), options.place) {}

  std::size_t batch_max() const override;
  bool wants(const Event& event) const override;
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  const LibratoOptions options_;
  HttpPeer peer_;
};

/// The body of a post, of as many of the events as go into `measurements_max` measurements, and how
/// many these are.
struct LibratoPost {
  std::string body;
  std::size_t events = 0;
};
LibratoPost librato_post(std::span<const Event> events, const LibratoOptions& options);
bool is_annotation(const Event& event);

}  // namespace berth::observe
