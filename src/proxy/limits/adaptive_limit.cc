#include "proxy/limits/adaptive_limit.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace berth::proxy {

void AdaptiveLimit::note(Duration took, bool dropped, std::uint32_t in_flight, MonotonicTime now) {
  if (begun_ == MonotonicTime{}) begun_ = now;
  most_in_flight_ = std::max(most_in_flight_, in_flight);
  if (dropped) {
    ++drops_;
  } else {
    ++answers_;
    took_ += took;
  }
  if (answers_ + drops_ < sample_requests || now - begun_ < sample_time) return;
  sample();
  answers_ = drops_ = most_in_flight_ = 0;
  took_ = {};
  begun_ = now;
}

void AdaptiveLimit::sample() {
  if (drops_ * 2 > answers_) {
    limit_ = std::max(least, limit_ * 0.9);
    return;
  }
  double mean = static_cast<double>(took_.count()) / answers_;
  ++samples_;
  if (probing()) return probe(mean);
  base_ns_ = base_ns_ == 0 ? mean : std::min(base_ns_, mean);
  // Where it is not used to the half, it says nothing about a higher limit.
  if (most_in_flight_ * 2 < static_cast<std::uint32_t>(limit_)) return;
  double gradient = std::clamp(tolerance * base_ns_ / std::max(mean, 1.0), 0.5, 1.0);
  double next = limit_ * gradient + std::sqrt(limit_);
  limit_ = std::clamp(limit_ * (1 - smoothing) + next * smoothing, least, most);
}

void AdaptiveLimit::probe(double mean) {
  // The first sample still has what was in flight before.
  if (samples_ > samples_between_probes)
    probed_ns_ = probed_ns_ == 0 ? mean : std::min(probed_ns_, mean);
  if (samples_ < samples_between_probes + probe_samples) return;
  base_ns_ = std::exchange(probed_ns_, 0);
  samples_ = 0;
}

}  // namespace berth::proxy
