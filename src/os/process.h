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

 private:
  Reactor& reactor_;
  std::shared_ptr<class Orphans> orphans_;
};

/// Forks and executes; returns the pid. Blocks until the child has executed or failed to (a
/// moment): its error is then ours. The child first puts itself into the cgroup whose cgroup.procs
/// is open as `cgroup_procs` (-1: none); whether that worked is to be looked at afterwards.
Result<int> spawn_process(const SpawnSpec& spec, int cgroup_procs = -1);
/// Where spec.argv[0] is, by PATH of spec.env.
Result<std::string> program_of(const SpawnSpec& spec);

}  // namespace berth::os
