#include "runtime/health_tally.h"

namespace berth::runtime {

bool HealthTally::add(bool passed, std::string why, MonotonicTime now) {
  why_ = std::move(why);
  bool speaks_for_state = passed == (state_ == State::healthy);
  if (state_ == State::starting) speaks_for_state = !passed && in_grace(now);
  if (speaks_for_state) {
    in_a_row_ = 0;
    return false;
  }
  // While it starts both ends are open: successes and failures each have to come in a row.
  bool other_way = state_ == State::starting && passed != last_passed_;
  in_a_row_ = other_way ? 1 : in_a_row_ + 1;
  last_passed_ = passed;
  if (in_a_row_ < (passed ? check_.rise : check_.fall)) return false;
  in_a_row_ = 0;
  state_ = passed ? State::healthy : State::unhealthy;
  return true;
}

Duration HealthTally::pause(MonotonicTime now) const {
  return in_grace(now) ? std::min(first_pause, check_.interval) : check_.interval;
}

}  // namespace berth::runtime
