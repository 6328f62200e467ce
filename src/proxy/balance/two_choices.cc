#include "proxy/balance/two_choices.h"

namespace berth::proxy {

Seat TwoChoices::pick(const Ask& ask) {
  if (members_.empty()) return no_seat;
  constexpr int rounds = 4;  // as long as at least half of them may, the rest is rare
  for (int round = 0; round < rounds; ++round) {
    Seat first = any(ask.random);
    Seat second = any(ask.random);
    Seat better = seats_.load(second) < seats_.load(first) ? second : first;
    if (seats_.may(better, ask)) return better;
    Seat other = better == first ? second : first;
    if (seats_.may(other, ask)) return other;
  }
  return scan(ask);
}

}  // namespace berth::proxy
