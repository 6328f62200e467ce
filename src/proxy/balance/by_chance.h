#pragma once

#include "proxy/balance/balancer.h"

namespace berth::proxy {

/// Chance, by weight, in the same time for any number (Walker's alias table, built as by Vose,
/// "A linear algorithm for generating random numbers with a given distribution", 1991).
class ByChance final : public Balancer {
 public:
  using Balancer::Balancer;
  Seat pick(const Ask& ask) override;

 private:
  struct Column {
    float share;          // of this column that is its own member's
    std::uint32_t alias;  // whose the rest is
  };
  void build(Random& random) override;
  Seat draw(Random& random) const;

  std::vector<Column> columns_;  // empty while all weights are equal
};

}  // namespace berth::proxy
