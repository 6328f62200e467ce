#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "sim/timeline.h"

namespace berth::sim {

class Network;

/// A machine as the wires see it.
struct Node {
  std::uint32_t number = 0;
  std::string name;
  std::uint32_t ip = 0;  // host order: 10.0.0.N
  bool up = true;
  std::uint32_t boot = 1;         // grows with each start after a crash
  MonotonicTime stalled_until{};  // nothing is taken in or done before
  Network* network = nullptr;
};

/// What may go wrong on the wires between hosts. Chances are from 0 to 1; nothing of it applies
/// within a host.
struct NetworkFaults {
  Duration latency_least = 100us;
  Duration latency_most = 2ms;
  double reset_chance = 0;  // of each packet of a stream: its connection breaks
  double datagram_loss = 0;
  double datagram_repeat = 0;
  Duration datagram_delay_most = 0s;  // added at random, so that they overtake each other
};

/// The wires: which hosts there are, which of them reach which, and how fast. Owned by Simulation.
class Fabric {
 public:
  explicit Fabric(Timeline& timeline) : timeline(timeline) {}

  void add(Node& node) { nodes_.push_back(&node); }
  /// The host with this address, or null.
  Node* find(std::uint32_t ip) const;
  /// What `from` sends does not arrive at `to` until it is healed.
  void cut(const Node& from, const Node& to) { cuts_.insert({from.number, to.number}); }
  void heal(const Node& from, const Node& to) { cuts_.erase({from.number, to.number}); }
  void heal_all() { cuts_.clear(); }
  /// True if what `from` sends arrives at `to` now.
  bool passes(const Node& from, const Node& to) const;
  /// How long something takes from one to the other.
  Duration latency(const Node& from, const Node& to);

  Timeline& timeline;
  NetworkFaults faults;

 private:
  std::vector<Node*> nodes_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cuts_;
};

}  // namespace berth::sim
