#include "proxy/limits/breaker.h"

namespace berth::proxy {

bool Breaker::lets_through(const catalog::BreakerPolicy& policy, MonotonicTime now) {
  if (policy.share_permille == 0) return true;
  if (state_ == State::closed) return true;
  if (state_ == State::open) {
    if (now < until_) return false;
    state_ = State::half_open;
    trying_ = false;
  }
  if (trying_) return false;
  trying_ = true;
  return true;
}

void Breaker::note(const catalog::BreakerPolicy& policy, bool failed, MonotonicTime now) {
  if (policy.share_permille == 0) {
    state_ = State::closed;
    return;
  }
  if (state_ == State::half_open) {
    trying_ = false;
    state_ = failed ? State::open : State::closed;
    until_ = now + policy.open;
    asked_ = failed_ = 0;
    begun_ = now;
    return;
  }
  if (state_ == State::open) return;  // begun before it opened
  if (now - begun_ > policy.interval) {
    asked_ = failed_ = 0;
    begun_ = now;
  }
  ++asked_;
  if (failed) ++failed_;
  if (asked_ < policy.requests_min ||
      std::uint64_t{failed_} * 1000 < std::uint64_t{asked_} * policy.share_permille) {
    return;
  }
  state_ = State::open;
  until_ = now + policy.open;
}

}  // namespace berth::proxy
