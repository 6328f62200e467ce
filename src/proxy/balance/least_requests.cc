#include "proxy/balance/least_requests.h"

namespace berth::proxy {

void LeastRequests::build(Random& random) {
  heap_.clear(members_.size());
  member_of_.assign(seats_.size(), no_seat);
  // A beginning by chance, or every proxy would begin with the same one.
  std::size_t offset = members_.empty() ? 0 : random.below(members_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    auto member = static_cast<std::uint32_t>((i + offset) % members_.size());
    member_of_[members_[member]] = member;
    heap_.push(member, key(members_[member]));
  }
}

void LeastRequests::changed(Seat seat) {
  if (seat < member_of_.size() && member_of_[seat] != no_seat)
    heap_.update(member_of_[seat], key(seat));
}

Seat LeastRequests::pick(const Ask& ask) {
  auto member = heap_.first([&](std::uint32_t each) { return seats_.may(members_[each], ask); });
  return member == no_seat ? no_seat : members_[member];
}

}  // namespace berth::proxy
