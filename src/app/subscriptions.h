#pragma once

#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "bus/bus.h"
#include "placement/mirror.h"

namespace berth::app {

/// Keeps the bus's subscriptions in step with the desired state: a service's `on` of its target
/// version. Belongs to one reactor.
class Subscriptions {
 public:
  Subscriptions(World& world, Log log, placement::Mirror& mirror, bus::Bus& bus)
      : world_(world), log_(log), mirror_(mirror), bus_(bus) {}

  void start() { scope_.add(run()); }
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> run();

  World& world_;
  Log log_;
  placement::Mirror& mirror_;
  bus::Bus& bus_;
  Scope scope_;
};

/// What is subscribed in that state, in order of service and topic.
std::vector<bus::Subscription> subscriptions_of(const placement::ClusterState& state);

}  // namespace berth::app
