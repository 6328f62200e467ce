#include "proxy/balance/ring.h"

#include <bit>

namespace berth::proxy {

void Ring::build(Random&) {
  weigh();
  points_.clear();
  first_.clear();
  if (members_.empty()) return;
  std::size_t each = std::clamp(points_wanted / members_.size(), points_min, points_most);
  double sum = 0;
  for (Seat seat : members_) sum += seats_.weight[seat];
  double mean = sum / static_cast<double>(members_.size());
  for (Seat seat : members_) {
    double share = static_cast<double>(seats_.weight[seat]) / mean;
    auto count =
        std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(each) * share + 0.5));
    for (std::size_t i = 0; i < count; ++i) {
      points_.push_back({mixed(seats_.name[seat] + i * 0x9e3779b97f4a7c15), seat});
    }
  }
  std::ranges::sort(points_, [this](const Point& a, const Point& b) {
    return a.hash != b.hash ? a.hash < b.hash : seats_.name[a.seat] < seats_.name[b.seat];
  });
  int bits = std::max(1, static_cast<int>(std::bit_width(points_.size())));
  shift_ = 64 - bits;
  first_.resize(std::size_t{1} << bits);
  std::size_t place = 0;
  for (std::size_t i = 0; i < first_.size(); ++i) {
    while (place < points_.size() && (points_[place].hash >> shift_) < i) ++place;
    first_[i] = static_cast<std::uint32_t>(place);
  }
}

Seat Ring::walk(const Ask& ask) {
  std::size_t place = first_[ask.key >> shift_];
  while (place < points_.size() && points_[place].hash < ask.key) ++place;
  for (std::size_t i = 0; i < points_.size(); ++i, ++place) {
    if (place >= points_.size()) place = 0;
    if (takes(points_[place].seat, ask)) return points_[place].seat;
  }
  return no_seat;
}

}  // namespace berth::proxy
