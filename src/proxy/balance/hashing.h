#pragma once

#include <cmath>

#include "proxy/balance/balancer.h"

namespace berth::proxy {

/// What the two consistent hashes share: the bound on one's load (Mirrokni, Thorup and
/// Zadimoghaddam, "Consistent hashing with bounded loads", 2016), and what is done without a key.
class Hashing : public Balancer {
 public:
  Hashing(const Seats& seats, std::uint32_t bound_permille)
      : Balancer(seats), bound_(static_cast<double>(bound_permille) / 1000) {}
  Seat pick(const Ask& ask) final;

 protected:
  virtual Seat walk(const Ask& ask) = 0;
  /// True if the seat may take one more within the bound: so much of what is in flight, this one
  /// too, as its worth is of all.
  bool takes(Seat seat, const Ask& ask) const {
    if (!seats_.may(seat, ask) || !seats_.warm(seat, ask.random)) return false;
    if (bound_ == 0) return true;
    double mean = static_cast<double>(seats_.total + 1) / static_cast<double>(seats_.size());
    return seats_.in_flight[seat] <
           std::ceil(bound_ * mean * static_cast<double>(seats_.weight[seat]) / mean_weight_);
  }
  void weigh();

 private:
  double bound_;
  double mean_weight_ = 1;
};

/// Well mixed from any bits (the finalizer of SplitMix64).
constexpr std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace berth::proxy
