#pragma once

#include <algorithm>

#include "base/time.h"

namespace berth::http {

/// How many repeats whoever is asked may cost: each request earns a share of one, each retry spends
/// one, and at most kept_max are kept, so that repeats stay below that share of the traffic and
/// cannot multiply a failure. A few are free each second, for services with little traffic.
class RetryBudget {
 public:
  static constexpr double per_second_free = 3;
  static constexpr double kept_max = 100;

  void earn(double share) { tokens_ = std::min(tokens_ + share, kept_max); }
  /// True if a retry may be made; it is then paid for.
  bool spend(MonotonicTime now) {
    double seconds = seconds_of(now - last_);
    last_ = now;
    tokens_ = std::min(tokens_ + std::min(seconds, 1.0) * per_second_free, kept_max);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double tokens_ = 10;
  MonotonicTime last_{};
};

}  // namespace berth::http
