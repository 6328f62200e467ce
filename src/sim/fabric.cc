#include "sim/fabric.h"

namespace berth::sim {

Node* Fabric::find(std::uint32_t ip) const {
  for (Node* node : nodes_) {
    if (node->ip == ip) return node;
  }
  return nullptr;
}

bool Fabric::passes(const Node& from, const Node& to) const {
  return from.up && to.up && !cuts_.contains({from.number, to.number});
}

Duration Fabric::latency(const Node& from, const Node& to) {
  if (&from == &to) return timeline.between(5us, 60us);
  return timeline.between(faults.latency_least, faults.latency_most);
}

}  // namespace berth::sim
