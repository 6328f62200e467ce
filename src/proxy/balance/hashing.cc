#include "proxy/balance/hashing.h"

namespace berth::proxy {

void Hashing::weigh() {
  double sum = 0;
  for (Seat seat : members_) sum += seats_.weight[seat];
  mean_weight_ = members_.empty() ? 1 : sum / static_cast<double>(members_.size());
}

Seat Hashing::pick(const Ask& ask) {
  if (members_.empty()) return no_seat;
  if (ask.has_key) {
    Seat seat = walk(ask);
    return seat == no_seat ? scan(ask) : seat;
  }
  Ask by_chance = ask;
  by_chance.key = ask.random.next();
  by_chance.has_key = true;
  Seat seat = walk(by_chance);
  return seat == no_seat ? scan(ask) : seat;
}

}  // namespace berth::proxy
