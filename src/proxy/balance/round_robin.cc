#include "proxy/balance/round_robin.h"

namespace berth::proxy {

Seat RoundRobin::pick(const Ask& ask) {
  Seat cold = no_seat;  // it may, but does not get all that the others get yet
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Seat seat = members_[next_];
    if (++next_ == members_.size()) next_ = 0;
    if (!seats_.may(seat, ask)) continue;
    if (seats_.warm(seat, ask.random)) return seat;
    cold = seat;
  }
  return cold;
}

}  // namespace berth::proxy
