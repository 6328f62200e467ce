#pragma once

#include "proxy/balance/balancer.h"
#include "proxy/balance/seat_heap.h"

namespace berth::proxy {

/// The one with the least to do of all, by weight; among equals the one that was used longest ago.
/// A heap follows what is in flight, so that no request looks at all of them.
class LeastRequests final : public Balancer {
 public:
  using Balancer::Balancer;
  Seat pick(const Ask& ask) override;
  void changed(Seat seat) override;
  bool follows_load() const override { return true; }

 private:
  void build(Random& random) override;
  double key(Seat seat) const {
    return seats_.resting(seat) ? SeatHeap::never : static_cast<double>(seats_.load(seat));
  }

  SeatHeap heap_;
  std::vector<std::uint32_t> member_of_;  // by seat; no_seat: not one of ours
};

}  // namespace berth::proxy
