#include "proxy/balance/by_chance.h"

namespace berth::proxy {

void ByChance::build(Random&) {
  columns_.clear();
  double sum = 0;
  bool equal = true;
  for (Seat seat : members_) {
    sum += seats_.weight[seat];
    equal = equal && seats_.weight[seat] == seats_.weight[members_[0]];
  }
  if (equal) return;
  std::size_t count = members_.size();
  std::vector<double> share(count);
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < count; ++i) {
    share[i] = seats_.weight[members_[i]] * static_cast<double>(count) / sum;
    (share[i] < 1 ? small : large).push_back(i);
  }
  columns_.assign(count, {1, 0});
  while (!small.empty() && !large.empty()) {
    std::uint32_t less = small.back(), more = large.back();
    small.pop_back();
    columns_[less] = {static_cast<float>(share[less]), more};
    share[more] -= 1 - share[less];
    if (share[more] >= 1) continue;
    large.pop_back();
    small.push_back(more);
  }
}

Seat ByChance::draw(Random& random) const {
  auto member = static_cast<std::uint32_t>(random.below(members_.size()));
  if (columns_.empty() || random.unit() < static_cast<double>(columns_[member].share))
    return members_[member];
  return members_[columns_[member].alias];
}

Seat ByChance::pick(const Ask& ask) {
  if (members_.empty()) return no_seat;
  constexpr int tries = 16;
  for (int i = 0; i < tries; ++i) {
    Seat seat = draw(ask.random);
    if (seats_.may(seat, ask) && seats_.warm(seat, ask.random)) return seat;
  }
  return scan(ask);
}

}  // namespace berth::proxy
