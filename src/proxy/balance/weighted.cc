#include "proxy/balance/weighted.h"

namespace berth::proxy {

void Weighted::build(Random& random) {
  heap_.clear(members_.size());
  for (std::uint32_t member = 0; member < members_.size(); ++member) {
    // Somewhere within its first turn, or all proxies would walk in step.
    heap_.push(member, random.unit() / static_cast<double>(seats_.worth(members_[member])));
  }
}

Seat Weighted::pick(const Ask& ask) {
  for (std::size_t tries = 0; tries < members_.size(); ++tries) {
    std::uint32_t member = heap_.top();
    Seat seat = members_[member];
    // One that may not loses this turn.
    heap_.update(member, heap_.top_key() + 1 / static_cast<double>(seats_.worth(seat)));
    if (seats_.may(seat, ask)) return seat;
  }
  return scan(ask);
}

}  // namespace berth::proxy
