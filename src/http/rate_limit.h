#pragma once

#include <algorithm>
#include <cstddef>

#include "base/time.h"

namespace berth::http {

/// Counts what a peer may do often but not too often: `burst` at once, `per_second` in the long
/// run.
class RateLimit {
 public:
  RateLimit(double per_second, double burst)
      : per_second_(per_second), burst_(burst), left_(burst) {}

  /// False: it was once too often.
  bool take(MonotonicTime now) {
    if (last_ != MonotonicTime{}) {
      double seconds = seconds_of(now - last_);
      left_ = std::min(burst_, left_ + seconds * per_second_);
    }
    last_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double burst_;
  double left_;
  MonotonicTime last_{};
};

}  // namespace berth::http
