#pragma once

#include <memory>
#include <vector>

#include "catalog/policy.h"
#include "proxy/balance/seats.h"

namespace berth::proxy {

/// Says which of some seats answers next. Belongs to one Group; `seats` outlives it. A choice costs
/// no more among 10,000 than among ten; what costs more is built by set(), when the set changes.
/// No failure: no_seat where none may.
class Balancer {
 public:
  explicit Balancer(const Seats& seats) : seats_(seats) {}
  virtual ~Balancer() = default;
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;

  /// These are to choose from, from now on.
  void set(std::vector<Seat> members, Random& random) {
    members_ = std::move(members);
    build(random);
  }
  virtual Seat pick(const Ask& ask) = 0;
  /// What seats_ says of a member is other than before. Only where follows_load().
  virtual void changed(Seat) {}
  virtual bool follows_load() const { return false; }
  const std::vector<Seat>& members() const { return members_; }

 protected:
  virtual void build(Random& random) = 0;
  Seat any(Random& random) const { return members_[random.below(members_.size())]; }
  /// The first that may, from a place on that chance chooses: for when guesses did not hit.
  Seat scan(const Ask& ask) const {
    if (members_.empty()) return no_seat;
    std::size_t place = ask.random.below(members_.size());
    for (std::size_t i = 0; i < members_.size(); ++i) {
      Seat seat = members_[place];
      if (seats_.may(seat, ask)) return seat;
      if (++place == members_.size()) place = 0;
    }
    return no_seat;
  }

  const Seats& seats_;
  std::vector<Seat> members_;
};

std::unique_ptr<Balancer> make_balancer(const catalog::BalancePolicy& policy, const Seats& seats);

}  // namespace berth::proxy
