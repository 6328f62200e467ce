#pragma once

#include "async/process.h"
#include "os/listening.h"
#include "os/reactor.h"

namespace berth::os {

/// Children of this process, watched by pidfd on a Reactor. One whose handle went is still waited
/// for, so that it leaves no zombie, as long as its Process is there.
class Process final : public berth::Process {
 public:
  explicit Process(Reactor& reactor);
  ~Process();
  Deferred<std::unique_ptr<Child>> spawn(SpawnSpec spec) override;
  Result<std::string> find_program(const SpawnSpec& spec) override;
  std::vector<Address> listening(std::int64_t pid) override { return listening_addresses(pid); }
  Result<std::unique_ptr<ByteStream>> standard_stream(StandardStream which) override;

 private:
  Result<std::unique_ptr<Child>> spawn_now(const SpawnSpec& spec);

  Reactor& reactor_;
  std::shared_ptr<class Orphans> orphans_;
};

/// What a child gets as 0, 1 and 2; -1: /dev/null.
struct StandardDescriptors {
  int input = -1;
  int output = -1;
  int errors = -1;
};

/// Forks and executes; returns the pid. Blocks until the child has executed or failed to (a
/// moment): its error is then ours. The child first puts itself into the cgroup whose cgroup.procs
/// is open as `cgroup_procs` (-1: none); whether that worked is to be looked at afterwards. Where
/// spec.output_path is set, it is used instead of `standard`.
Result<int> spawn_process(const SpawnSpec& spec, int cgroup_procs = -1,
                          StandardDescriptors standard = {});
/// Where spec.argv[0] is, by PATH of spec.env.
Result<std::string> program_of(const SpawnSpec& spec);

}  // namespace berth::os
