#pragma once

#include "proxy/balance/hashing.h"

namespace berth::proxy {

/// Consistent hashing on a ring: each member has points on it, a key belongs to the next point, and
/// where that one is out or at its bound, to the point behind it (Karger et al. 1997). A member
/// that comes or goes moves only the keys of its own points. An index by the first bits of the hash
/// finds the point in the same time for any number.
class Ring final : public Hashing {
 public:
  static constexpr std::size_t points_min = 16;  // of a member of the mean weight
  static constexpr std::size_t points_most = 160;
  static constexpr std::size_t points_wanted = 64 << 10;  // in all, within these

  using Hashing::Hashing;

 private:
  struct Point {
    std::uint64_t hash;
    Seat seat;
  };
  void build(Random& random) override;
  Seat walk(const Ask& ask) override;

  std::vector<Point> points_;
  std::vector<std::uint32_t> first_;  // by the hash's first bits: the first point not below
  int shift_ = 0;
};

}  // namespace berth::proxy
