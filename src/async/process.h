#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/deferred.h"
#include "base/address.h"

namespace berth {

/// How a child ended: by exit(code), or by a signal.
struct ExitStatus {
  int code = 0;
  int signal = 0;
  std::string note;  // what more is known of why: "out of memory: its limit is 128MiB"
  bool good() const { return code == 0 && signal == 0; }
  /// "exit 1", "killed by signal 9 (SIGKILL)", with the note behind a colon.
  std::string text() const;
};

struct SpawnSpec {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH of `env`
  /// The whole environment, nothing is inherited.
  std::vector<std::pair<std::string, std::string>> env;
  std::string folder;       // working directory; empty: ours
  std::string output_path;  // stdout and stderr are appended there; empty: /dev/null
  /// Lives on when we die (its own session); else it is in its own process group and gets SIGKILL
  /// when we die.
  bool detached = false;
  /// Descriptors of ours that the child gets as 3, 4, ...
  std::vector<int> inherited;
};

/// A running child. Destroying it does not stop it.
class Child {
 public:
  virtual ~Child() = default;
  virtual std::int64_t pid() const = 0;
  virtual Deferred<ExitStatus> wait() = 0;
  /// To the process, or with `whole_group` to its process group. Nothing happens once it ended.
  virtual void send_signal(int signal, bool whole_group = false) = 0;
};

/// Child processes. Errors of spawn: not_found (no such program or folder), denied, overloaded (too
/// many processes).
class Process {
 public:
  virtual Deferred<std::unique_ptr<Child>> spawn(SpawnSpec spec) = 0;
  /// The file that spawn would execute; errors as those of spawn.
  virtual Result<std::string> find_program(const SpawnSpec& spec) { return spec.argv.at(0); }
  /// Where a process, its descendants and its process group listen for TCP connections; empty where
  /// that cannot be told. Takes milliseconds, so callers bound how often they ask.
  virtual std::vector<Address> listening(std::int64_t) { return {}; }

 protected:
  ~Process() = default;
};

}  // namespace berth
