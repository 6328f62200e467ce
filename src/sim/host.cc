#include "sim/host.h"

namespace berth::sim {

Host::Host(Timeline& timeline, Fabric& fabric, std::uint32_t number, std::string name)
    : timeline_(timeline),
      node_{number, std::move(name), 0x0a000000 + number},
      clock(timeline, node_),
      network(fabric, node_),
      disk(timeline, node_),
      process(node_),
      random(timeline.random().next()),
      workers(timeline, node_),
      world_{clock, network, disk, process, random, workers} {
  node_.network = &network;
  fabric.add(node_);
}

void Host::crash() {
  check(node_.up, "a host that is down crashes");
  timeline_.note("crash", node_.number);
  node_.up = false;
  network.crash();
  process.crash();
  disk.lose_power();
}

void Host::start() {
  check(!node_.up, "a host that is up is started");
  timeline_.note("start", node_.number);
  node_.up = true;
  node_.stalled_until = {};
  ++node_.boot;
}

void Host::stall(Duration time) {
  timeline_.note("stall", node_.number, static_cast<std::uint64_t>(time.count()));
  node_.stalled_until = std::max(node_.stalled_until, timeline_.now() + time);
}

}  // namespace berth::sim
