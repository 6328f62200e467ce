#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/network.h"
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
  /// stdin, stdout and stderr are pipes whose other ends its handle has; not with `output_path`.
  bool pipes = false;
  /// Lives on when we die (its own session); else it is in its own process group and gets SIGKILL
  /// when we die.
  bool detached = false;
  /// Descriptors of ours that the child gets as 3, 4, ...
  std::vector<int> inherited;
};

/// Our ends of a child's standard streams; take what you use. Each goes one way: its other
/// operations answer closed. A child whose input is dropped reads its end; one whose output is
/// dropped gets SIGPIPE. An output that is kept but not read fills, and the child waits.
struct ChildPipes {
  std::unique_ptr<ByteStream> input;
  std::unique_ptr<ByteStream> output;
  std::unique_ptr<ByteStream> errors;
};

/// A running child. Destroying it does not stop it.
class Child {
 public:
  virtual ~Child() = default;
  /// Filled where SpawnSpec::pipes was set.
  ChildPipes pipes;
  virtual std::int64_t pid() const = 0;
  virtual Deferred<ExitStatus> wait() = 0;
  /// To the process, or with `whole_group` to its process group. Nothing happens once it ended.
  virtual void send_signal(int signal, bool whole_group = false) = 0;
};

enum class StandardStream : std::uint8_t { input, output, errors };

/// Child processes, and this one's standard streams. Errors of spawn: not_found (no such program or
/// folder), denied, overloaded (too many processes).
class Process {
 public:
  virtual Deferred<std::unique_ptr<Child>> spawn(SpawnSpec spec) = 0;
  /// The file that spawn would execute; errors as those of spawn.
  virtual Result<std::string> find_program(const SpawnSpec& spec) { return spec.argv.at(0); }
  /// Where a process, its descendants and its process group listen for TCP connections; empty where
  /// that cannot be told. Takes milliseconds, so callers bound how often they ask.
  virtual std::vector<Address> listening(std::int64_t) { return {}; }
  /// This process's own standard input, output or errors; each once at a time. Terminals, pipes,
  /// sockets and files alike, without making them nonblocking for those who share them; closing
  /// leaves the descriptor open. unsupported where there is none.
  virtual Result<std::unique_ptr<ByteStream>> standard_stream(StandardStream) {
    return Error(Code::unsupported, "there are no standard streams here");
  }

 protected:
  ~Process() = default;
};

/// What a child said and how it ended.
struct ProcessOutput {
  std::string output;
  std::string errors;
  ExitStatus status;
};

/// Runs a program to its end with `input` on its standard input: Twisted's
/// getProcessOutputAndValue. Errors as those of spawn; overloaded if it says more than `bytes_max`
/// on one of its outputs. Cancelled or failed, it is killed with its process group.
Deferred<ProcessOutput> run_process(Process& process, SpawnSpec spec, std::string input = "",
                                    std::size_t bytes_max = 16 << 20);

}  // namespace berth
