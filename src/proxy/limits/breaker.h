#pragma once

#include <cstdint>

#include "base/time.h"
#include "catalog/policy.h"

namespace berth::proxy {

/// Stops asking a service of which too much fails (Nygard, "Release It!"; states as in Hystrix):
///
///     closed --share of failures within interval--> open --its time--> half open --success-->
///     closed
///                                                    ^                    | one request at a time
///                                                    +------- failure ----+
///
/// Belongs to one Pool.
class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  /// Whether a request may be made now; in half_open one at a time is let through.
  bool lets_through(const catalog::BreakerPolicy& policy, MonotonicTime now);
  void note(const catalog::BreakerPolicy& policy, bool failed, MonotonicTime now);
  /// What was let through ended without an outcome.
  void forget() { trying_ = false; }
  State state() const { return state_; }
  /// How long it stays open.
  Duration left(MonotonicTime now) const { return until_ - now; }

 private:
  State state_ = State::closed;
  bool trying_ = false;
  std::uint32_t asked_ = 0;
  std::uint32_t failed_ = 0;
  MonotonicTime begun_{};
  MonotonicTime until_{};
};

}  // namespace berth::proxy
