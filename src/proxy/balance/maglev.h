#pragma once

#include "proxy/balance/hashing.h"

namespace berth::proxy {

/// Consistent hashing by a table that each member fills in the order of a permutation of its own
/// (Eisenbud et al., "Maglev", NSDI 2016, section 3.4): more even than a ring, one look for a key;
/// a member that comes or goes moves a few keys of others too. A member at its bound, or out,
/// passes a key on to the place of its next hash.
class Maglev final : public Hashing {
 public:
  static constexpr std::size_t places_few = 65537;       // primes: a hundred for each of 655
  static constexpr std::size_t places_many = 1'048'573;  // and of 10,485

  using Hashing::Hashing;

 private:
  void build(Random& random) override;
  Seat walk(const Ask& ask) override;

  std::vector<Seat> table_;
};

}  // namespace berth::proxy
