#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "async/scope.h"
#include "async/world.h"
#include "bus/bus.h"
#include "observe/sample_writer.h"
#include "placement/mirror.h"

namespace berth::app {

/// What a system is, as series of its own, every ten seconds, for alerts and charts:
///   berth_wanted_instances{service}, berth_healthy_instances{service}
///   berth_instance_restarts{service,instance}
///   berth_dead_letters{topic,service}
///   berth_disk_free_bytes
/// A series of something that is no more ends with a stale marker. Belongs to one reactor; all that
/// it is given outlives it.
class Vitals {
 public:
  static constexpr Duration every = 10s;

  Vitals(World& world, placement::Mirror& mirror, const bus::Bus& bus, std::string folder,
         observe::SampleWriter& writer)
      : world_(world), mirror_(mirror), bus_(bus), folder_(std::move(folder)), writer_(writer) {}

  void start() { scope_.add(run_forever()); }
  Deferred<void> close() { return scope_.close(); }
  /// Once; the disk's room only with the next `every`.
  void take();

 private:
  using Values = std::map<std::string, std::pair<promql::Labels, double>>;

  Deferred<void> run_forever();
  void services(Values& out) const;
  void letters(Values& out) const;

  World& world_;
  placement::Mirror& mirror_;
  const bus::Bus& bus_;
  const std::string folder_;
  observe::SampleWriter& writer_;
  std::map<std::string, promql::Labels> known_;
  std::optional<double> free_bytes_;
  Scope scope_;
};

}  // namespace berth::app
