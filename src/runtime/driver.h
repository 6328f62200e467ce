#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/deferred.h"
#include "async/process.h"
#include "base/address.h"
#include "placement/spec.h"

namespace berth::runtime {

/// All that a driver needs to start one instance.
struct LaunchSpec {
  std::string id;           // "orders/1"
  std::string incarnation;  // unique for this start
  std::uint64_t version = 0;
  std::uint64_t generation = 0;
  placement::ServiceSpec service;
  std::uint16_t port = 0;                                // where it is to listen; 0 without a port
  std::vector<std::pair<std::string, std::string>> env;  // the whole environment
  std::string hosts_path;                                // bound over its /etc/hosts; empty: not
};

/// Where an instance accepts connections, for telling one that listens elsewhere than it said.
struct Listening {
  std::vector<Address> on;             // empty where that cannot be told
  std::vector<std::uint16_t> exposed;  // what its image says it listens on
};

/// Whether the instance's own /etc/hosts stands, and how it is limited, in words for `doctor`.
struct LaunchNotes {
  std::string hosts;   // "bound", or why not
  std::string limits;  // "enforced", "none asked for", or "not enforced: ..."
};

/// One instance that a driver started or found again. Destroying it lets go: what runs runs on.
class RunningInstance {
 public:
  virtual ~RunningInstance() = default;

  virtual const LaunchSpec& spec() const = 0;
  virtual std::int64_t pid() const = 0;
  virtual LaunchNotes notes() const = 0;
  /// Resolves when it has ended, also if that was before. unavailable: contact was lost (its shim
  /// died; then it is dead too).
  virtual Deferred<ExitStatus> wait() = 0;
  /// To all its processes.
  virtual Deferred<void> send_signal(int signal) = 0;
  /// Runs a command line where it runs (its folder and variables, its container), for its check.
  /// Dropping it ends the command. Errors: those of Process::spawn; unsupported.
  virtual Deferred<ExitStatus> execute(std::string) {
    return failed<ExitStatus>(Error(Code::unsupported, "no commands can be run beside it"));
  }
  virtual Deferred<Listening> listening() { return ready(Listening()); }
  /// After its end: forgets it (shim, container); its log stays.
  virtual Deferred<void> remove() = 0;
};

/// Starts instances of one kind (processes, containers) on this host and finds them again after a
/// restart. Never touches what it did not start (labels, state folder). One reactor.
class Driver {
 public:
  virtual ~Driver() = default;

  /// What must be there before the first start of a version: builds or checks the image, the
  /// command's program. Slow. Its errors are shown to the user. `progress` gets lines of a build.
  virtual Deferred<void> prepare(const placement::ServiceSpec& service, std::uint64_t version,
                                 std::function<void(std::string_view)> progress) = 0;
  virtual Deferred<std::unique_ptr<RunningInstance>> start(LaunchSpec spec) = 0;
  /// All that this driver started on this state folder and that still exists, running or ended.
  virtual Deferred<std::vector<std::unique_ptr<RunningInstance>>> find() = 0;
};

}  // namespace berth::runtime
