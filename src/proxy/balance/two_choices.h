#pragma once

#include "proxy/balance/balancer.h"

namespace berth::proxy {

/// The one with less to do of two that chance chooses (Mitzenmacher, "The power of two choices in
/// randomized load balancing", 2001).
class TwoChoices final : public Balancer {
 public:
  using Balancer::Balancer;
  Seat pick(const Ask& ask) override;

 private:
  void build(Random&) override {}
};

}  // namespace berth::proxy
