#pragma once

#include <string>

#include "async/world.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/process.h"
#include "sim/workers.h"

namespace berth::sim {

/// One simulated machine: what runs on it is made with its World, and destroyed by whoever made it.
///
/// A process that is killed: destroy its objects; its sockets are closed and what it wrote is
/// there. The power goes: `crash()` first, then destroy them (nothing that they still do is felt),
/// then `start()`. Lives as long as its Simulation.
class Host {
 public:
  Host(Timeline& timeline, Fabric& fabric, std::uint32_t number, std::string name);
  Host(const Host&) = delete;

  World& world() { return world_; }
  const std::string& name() const { return node_.name; }
  Address address(std::uint16_t port) const { return Address::ipv4(node_.ip, port); }
  bool up() const { return node_.up; }
  Node& node() { return node_; }

  /// The power goes: connections fall silent, what was not synced is lost or torn.
  void crash();
  void start();
  /// Nothing runs on it for a while: timers, packets and disk wait.
  void stall(Duration time);

  // First, since the others refer to it.
 private:
  Timeline& timeline_;
  Node node_;

 public:
  HostClock clock;
  Network network;
  Disk disk;
  Process process;
  Random random;
  Workers workers;

 private:
  World world_;
};

}  // namespace berth::sim
