// What a choice of an instance costs, with its begin and end, by the way of balancing and the
// number of instances: prints "WAY COUNT NANOSECONDS ALLOCATIONS" lines.
#include <cstdio>
#include <string>

#include "catalog/policy_members.h"
#include "measure.h"
#include "os/random.h"
#include "proxy/pool.h"

namespace {
using namespace berth;

constexpr std::size_t in_flight = 8;  // as with some connections at once
constexpr std::size_t picks = 200'000;
constexpr int rounds = 7;

std::shared_ptr<catalog::Service> service(catalog::BalancePolicy::Way way, std::size_t count) {
  auto service = std::make_shared<catalog::Service>();
  service->name = "bench";
  service->policy.balance.way = way;
  for (std::size_t i = 0; i < count; ++i) {
    catalog::Instance instance;
    instance.id = "bench/" + std::to_string(i + 1);
    instance.address = Address::ipv4(0x0a000000 + static_cast<std::uint32_t>(i), 80);
    instance.health = catalog::Health::healthy;
    instance.weight = 1 + i % 3;
    service->instances.push_back(std::move(instance));
  }
  return service;
}

Rounds measured(catalog::BalancePolicy::Way way, std::size_t count) {
  os::Random random;
  proxy::Pool pool("bench");
  MonotonicTime now{1'000'000'000};
  pool.apply(service(way, count), random, now);
  std::shared_ptr<proxy::Endpoint> flying[in_flight];
  std::size_t place = 0;
  Rounds result;
  for (int round = 0; round < rounds; ++round) {
    result.add(picks, [&] {
      auto& slot = flying[place++ % in_flight];
      if (slot) pool.end(*slot);
      proxy::Pool::Wish wish;
      if (pool.hashes()) wish.key = random.next();
      slot = pool.pick(wish, random, now).endpoint;
      pool.begin(*slot);
    });
  }
  return result;
}

}  // namespace

int main() {
  for (std::size_t way = 0; way < std::size(catalog::way_words); ++way) {
    for (std::size_t count : {10, 1000, 10'000}) {
      Rounds result = measured(static_cast<catalog::BalancePolicy::Way>(way), count);
      std::printf("%s %zu %.1f %.2f\n", std::string(catalog::way_words[way]).c_str(), count,
                  result.nanoseconds(), result.allocations());
    }
  }
}
