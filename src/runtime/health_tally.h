#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/time.h"
#include "placement/spec.h"

namespace berth::runtime {

/// Whether an instance counts as well, from the results of its checks. A plain value without clock.
///
///     starting --`rise` successes in a row--> healthy --`fall` failures in a row--> unhealthy
///        |                                       ^                                     |
///        |                                       +---------`rise` successes in a row---+
///        +--grace is over and `fall` failures in a row since--> unhealthy
class HealthTally {
 public:
  enum class State : std::uint8_t { starting, healthy, unhealthy };
  /// Between checks within the grace time, until the first success: a start is seen at once.
  static constexpr Duration first_pause = 50ms;

  HealthTally(const placement::HealthCheck& check, State state, MonotonicTime started)
      : check_(check), state_(state), started_(started) {}

  /// True if the state changed. `why` says how it failed.
  bool add(bool passed, std::string why, MonotonicTime now);
  State state() const { return state_; }
  /// What the last failure said; empty while healthy.
  const std::string& why() const { return why_; }
  /// Until the next check.
  Duration pause(MonotonicTime now) const;

 private:
  bool in_grace(MonotonicTime now) const {
    return state_ == State::starting && now - started_ < check_.grace;
  }

  placement::HealthCheck check_;
  State state_;
  MonotonicTime started_;
  std::uint32_t in_a_row_ = 0;  // results that speak against the state
  bool last_passed_ = false;
  std::string why_;
};

}  // namespace berth::runtime
