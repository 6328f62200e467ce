#pragma once

#include <cstdint>

#include "base/time.h"

namespace berth::proxy {

/// How many requests a service may have in flight, learned from how long its answers take: where
/// they take no longer than they do without a queue the limit grows by its root, where they take
/// longer it shrinks in that proportion, where they fail by a tenth (the gradient of Netflix's
/// concurrency-limits). How long they take without a queue is measured anew from time to time with
/// a quarter of the limit (as Envoy's adaptive concurrency measures its minRTT), since a service
/// that is always overloaded never shows it. Belongs to one Pool.
class AdaptiveLimit {
 public:
  static constexpr double least = 8;
  static constexpr double most = 100'000;
  static constexpr double first = 64;
  static constexpr double tolerance = 1.5;  // so much longer than without a queue is no overload
  static constexpr double smoothing = 0.2;
  static constexpr std::uint32_t sample_requests = 10;  // a sample is at least so many answers
  static constexpr Duration sample_time = 100ms;        // and so long
  static constexpr std::uint32_t samples_between_probes = 300;
  static constexpr std::uint32_t probe_samples = 5;

  /// An answer came after `took`, or (`dropped`) none in time; `in_flight` with it.
  void note(Duration took, bool dropped, std::uint32_t in_flight, MonotonicTime now);
  std::uint32_t limit() const {
    return static_cast<std::uint32_t>(probing() ? limit_ / 4 + least * 3 / 4 : limit_);
  }

 private:
  bool probing() const { return samples_ >= samples_between_probes; }
  void sample();
  void probe(double mean);

  double limit_ = first;
  double base_ns_ = 0;  // without a queue; 0: not known yet
  double probed_ns_ = 0;
  std::uint32_t samples_ = 0;  // since the last probe
  std::uint32_t answers_ = 0;
  std::uint32_t drops_ = 0;
  std::uint32_t most_in_flight_ = 0;
  Duration took_{};
  MonotonicTime begun_{};
};

}  // namespace berth::proxy
