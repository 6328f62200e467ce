#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "placement/feed.h"
#include "placement/mirror.h"
#include "runtime/driver.h"
#include "runtime/log_path.h"

namespace berth::runtime {

/// Tells when a draining instance may be stopped: every balancer has applied `revision` and answers
/// nothing on it any more.
class DrainGate {
 public:
  virtual bool drained(const std::string& id, const std::string& incarnation,
                       std::uint64_t revision) = 0;

 protected:
  ~DrainGate() = default;
};

struct AgentOptions {
  std::string host;                   // this host's name
  std::string address = "127.0.0.1";  // where its instances are reached
  std::string state_folder;         // logs/, hosts, shims/ stand there; only the user may enter it
  std::int64_t cpu_millicores = 0;  // of the host
  std::int64_t memory_bytes = 0;
  std::vector<std::pair<std::string, std::string>> environment;  // what every instance gets: the
                                                                 // caller's own in dev
  std::string bus_url;                                           // BERTH_BUS_URL; empty: not set
  std::uint16_t vip_port = 7480;
  std::uint16_t port_first = 20000;  // $PORT is chosen from here ...
  std::uint16_t port_last = 32000;   // ... to here, below the kernel's own range
  Duration drain_timeout = 30s;
  Duration stop_grace = 10s;         // from TERM to KILL
  Duration restart_first = 100ms;    // pause before a restart; doubles ...
  Duration restart_most = 30s;       // ... up to this; a healthy minute starts anew
  std::uint32_t lease_seconds = 10;  // of the host's record
};

/// Makes this host run what is assigned to it: starts instances by their driver, checks them,
/// registers what really runs (InstanceRecord, catalog instance), starts again what ended, drains
/// and stops what is to go. At its start it adopts what the drivers find and stops what nobody
/// assigned. Level-triggered by the mirror. One a host, on one reactor. Losing the Store stops no
/// instance; registrations are repeated until they are written.
class Agent {
 public:
  /// `process` runs commands and may not be null; `docker` is null where there is no Docker.
  Agent(World& world, Log log, storage::Store& store, placement::Mirror& mirror,
        placement::Feed& feed, Driver& process, Driver* docker, DrainGate& drains,
        AgentOptions options);
  ~Agent();

  /// Adopts, registers the host, begins. Resolves once what was found is registered.
  Deferred<void> start();
  /// Lets go of everything: instances live on.
  Deferred<void> close();
  /// Stops every instance (TERM, then KILL), for the end of `berth dev`.
  Deferred<void> stop_all();

  /// KILL to its process, to see what happens. not_found with the nearest id.
  Result<void> kill(std::string_view id);
  /// Why there is no Docker or no limits, for `doctor`; one sentence each.
  std::vector<std::string> notes() const;

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace berth::runtime
