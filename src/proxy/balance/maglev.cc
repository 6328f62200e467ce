#include "proxy/balance/maglev.h"

namespace berth::proxy {

void Maglev::build(Random&) {
  weigh();
  table_.clear();
  if (members_.empty()) return;
  std::size_t places = members_.size() <= 655 ? places_few : places_many;
  struct Turn {
    std::uint32_t next, skip;
    double credit, weight;
  };
  std::vector<Turn> turns;
  double most = 0;
  for (Seat seat : members_) {
    std::uint64_t name = seats_.name[seat];
    turns.push_back({static_cast<std::uint32_t>(name % places),
                     static_cast<std::uint32_t>(mixed(name) % (places - 1) + 1), 0,
                     static_cast<double>(seats_.weight[seat])});
    most = std::max(most, turns.back().weight);
  }
  table_.assign(places, no_seat);
  // The order of filling must be the same on every host, whatever the order of members is.
  std::vector<std::uint32_t> order(members_.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](auto i) { return seats_.name[members_[i]]; });
  for (std::size_t filled = 0; filled < places;) {
    for (std::uint32_t i : order) {
      Turn& turn = turns[i];
      if ((turn.credit += turn.weight / most) < 1) continue;
      turn.credit -= 1;
      while (table_[turn.next] != no_seat) {
        turn.next += turn.skip;
        if (turn.next >= places) turn.next -= static_cast<std::uint32_t>(places);
      }
      table_[turn.next] = members_[i];
      if (++filled == places) break;
    }
  }
}

Seat Maglev::walk(const Ask& ask) {
  constexpr int tries = 64;
  std::uint64_t key = ask.key;
  for (int i = 0; i < tries; ++i) {
    Seat seat = table_[key % table_.size()];
    if (takes(seat, ask)) return seat;
    key = mixed(key + 0x9e3779b97f4a7c15);
  }
  return no_seat;
}

}  // namespace berth::proxy
