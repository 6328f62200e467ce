#pragma once

#include "proxy/balance/balancer.h"

namespace berth::proxy {

/// One after another, beginning with one that chance chooses, so that many proxies do not walk in
/// step.
class RoundRobin final : public Balancer {
 public:
  using Balancer::Balancer;
  Seat pick(const Ask& ask) override;

 private:
  void build(Random& random) override {
    next_ = members_.empty() ? 0 : random.below(members_.size());
  }

  std::size_t next_ = 0;
};

}  // namespace berth::proxy
