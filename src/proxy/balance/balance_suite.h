#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "proxy/balance/balancer.h"

namespace berth::proxy {

/// Chance by a seed (SplitMix64), so that a failure comes again.
struct SeededRandom final : Random {
  explicit SeededRandom(std::uint64_t seed) : state(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  void secret_bytes(void*, std::size_t) override {}
  std::uint64_t state;
};

/// Some seats and one balancer over them.
struct Field {
  explicit Field(catalog::BalancePolicy policy, std::size_t count, std::uint64_t seed = 1)
      : policy(policy), random(seed) {
    seats.in_flight_max = 1'000'000;
    for (std::size_t i = 0; i < count; ++i) names.push_back("users/" + std::to_string(i + 1));
    build();
  }
  /// Anew, from `names` and `weights`.
  void build() {
    std::uint32_t most = seats.in_flight_max;
    seats = Seats();
    seats.in_flight_max = most;
    weights.resize(names.size(), 1);
    std::vector<Seat> members;
    for (std::size_t i = 0; i < names.size(); ++i) {
      seats.add(names[i], weights[i], 0);
      members.push_back(static_cast<Seat>(i));
    }
    balancer = make_balancer(policy, seats);
    balancer->set(std::move(members), random);
  }
  Seat pick(std::uint64_t key = 0, std::span<const Seat> tried = {}) {
    return balancer->pick({random, hash64({reinterpret_cast<const char*>(&key), 8}), true, tried});
  }
  Seat pick_without_key() { return balancer->pick({random}); }
  void begin(Seat seat) {
    if (++seats.in_flight[seat] == seats.in_flight_max) ++seats.full;
    ++seats.total;
    balancer->changed(seat);
  }
  void end(Seat seat) {
    if (seats.in_flight[seat]-- == seats.in_flight_max) --seats.full;
    --seats.total;
    balancer->changed(seat);
  }
  void rest(Seat seat) {
    seats.out[seat] = 1;
    ++seats.out_count;
    balancer->changed(seat);
  }

  catalog::BalancePolicy policy;
  SeededRandom random;
  std::vector<std::string> names;
  std::vector<std::uint32_t> weights;
  Seats seats;
  std::unique_ptr<Balancer> balancer;
};

}  // namespace berth::proxy
