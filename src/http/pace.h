#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace berth::http {

/// How long a peer may still be waited for that is to move so many bytes a second: at most `grace`
/// at first; waiting uses it up, and what it moves brings it back, up to `most`.
class Pace {
 public:
  explicit Pace(Duration grace) : Pace(grace, grace) {}
  Pace(Duration grace, Duration most) : most_(most), left_(grace) {}
  /// For what is sent: a kernel tells of what its program has read in lumps, HTTP/2 by half a
  /// window, so who reads at an even rate may seem to stand still for long.
  static Pace of_answers(Duration grace) { return {grace, 4 * grace}; }

  Duration left() const { return left_; }
  bool used_up() const { return left_ <= Duration(1); }
  void add(Duration waited, std::uint64_t bytes, std::uint64_t bytes_per_second) {
    auto seconds = static_cast<double>(bytes) / static_cast<double>(bytes_per_second);
    double most = static_cast<double>(most_.count());
    Duration earned(static_cast<std::int64_t>(std::min(most, seconds * 1e9)));
    left_ = std::max(Duration(1), std::min(most_, left_ - waited + earned));
  }

 private:
  Duration most_;
  Duration left_;
};

}  // namespace berth::http
