#include "proxy/balance/balancer.h"

#include "proxy/balance/by_chance.h"
#include "proxy/balance/least_requests.h"
#include "proxy/balance/maglev.h"
#include "proxy/balance/ring.h"
#include "proxy/balance/round_robin.h"
#include "proxy/balance/two_choices.h"
#include "proxy/balance/weighted.h"

namespace berth::proxy {

std::unique_ptr<Balancer> make_balancer(const catalog::BalancePolicy& policy, const Seats& seats) {
  using Way = catalog::BalancePolicy::Way;
  switch (policy.way) {
    case Way::two_choices:
      return std::make_unique<TwoChoices>(seats);
    case Way::least_requests:
      return std::make_unique<LeastRequests>(seats);
    case Way::round_robin:
      return std::make_unique<RoundRobin>(seats);
    case Way::weighted:
      return std::make_unique<Weighted>(seats);
    case Way::random:
      return std::make_unique<ByChance>(seats);
    case Way::ring:
      return std::make_unique<Ring>(seats, policy.bound_permille);
    case Way::maglev:
      return std::make_unique<Maglev>(seats, policy.bound_permille);
  }
  return std::make_unique<TwoChoices>(seats);
}

}  // namespace berth::proxy
