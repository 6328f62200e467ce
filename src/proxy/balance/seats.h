#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "async/random.h"
#include "base/hash.h"

namespace berth::proxy {

/// The number of an instance in Seats, until the set changes.
using Seat = std::uint32_t;
inline constexpr Seat no_seat = ~Seat{0};

/// What one request wants of a choice.
struct Ask {
  Random& random;
  std::uint64_t key = 0;  // for the consistent hashes
  bool has_key = false;
  std::span<const Seat> tried = {};  // not these
};

/// The instances of a service that may get requests, by number: an array for each property, so that
/// a choice among 10,000 touches as few lines of the cache as one among ten. Written by the Pool
/// alone, read by its balancers. A plain value.
struct Seats {
  std::vector<std::uint32_t> in_flight;
  std::vector<std::uint32_t> weight;  // from 1 on
  std::vector<float> warmth;          // 1; less while a new instance warms up, never 0
  std::vector<std::uint8_t> out;      // 1: rests because of what it answered
  std::vector<std::uint64_t> name;    // the hash of its id
  std::uint32_t in_flight_max = 0;    // of each
  std::uint64_t total = 0;            // in flight on all
  std::uint32_t full = 0;             // how many have in_flight_max
  std::uint32_t out_count = 0;
  bool panic = false;  // too few are left: `out` does not count

  std::size_t size() const { return in_flight.size(); }
  void add(std::string_view id, std::uint32_t weighs, std::uint32_t flying) {
    in_flight.push_back(flying);
    weight.push_back(weighs);
    warmth.push_back(1);
    out.push_back(0);
    name.push_back(hash64(id));
    total += flying;
    if (flying >= in_flight_max) ++full;
  }

  bool resting(Seat seat) const { return out[seat] != 0 && !panic; }
  bool may(Seat seat, const Ask& ask) const {
    return !resting(seat) && in_flight[seat] < in_flight_max &&
           (ask.tried.empty() || std::ranges::find(ask.tried, seat) == ask.tried.end());
  }
  float worth(Seat seat) const { return static_cast<float>(weight[seat]) * warmth[seat]; }
  /// What it would have to do with one more, by its worth.
  float load(Seat seat) const { return static_cast<float>(in_flight[seat] + 1) / worth(seat); }
  /// False for as many of the requests as a warming instance does not get yet.
  bool warm(Seat seat, Random& random) const {
    return warmth[seat] >= 1 || random.chance(static_cast<double>(warmth[seat]));
  }
};

}  // namespace berth::proxy
