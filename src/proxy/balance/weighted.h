#pragma once

#include "proxy/balance/balancer.h"
#include "proxy/balance/seat_heap.h"

namespace berth::proxy {

/// In turn, each as often as its weight says and evenly spread: each turn is due 1/weight after the
/// one before, and the earliest is next (virtual time of weighted fair queueing; Demers, Keshav and
/// Shenker 1989).
class Weighted final : public Balancer {
 public:
  using Balancer::Balancer;
  Seat pick(const Ask& ask) override;

 private:
  void build(Random& random) override;

  SeatHeap heap_;
};

}  // namespace berth::proxy
