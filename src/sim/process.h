#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/process.h"
#include "sim/fabric.h"

namespace berth::sim {

/// What a program does; its value is its exit code. Ended by a signal, its Deferred is dropped.
using Program = std::function<Deferred<int>(SpawnSpec spec)>;

/// Programs of a simulated host are functions, found by argv[0]; any signal ends them. There are no
/// groups and no output file; a spec with descriptors to inherit, or with pipes, is `unsupported`.
class Process final : public berth::Process {
 public:
  explicit Process(Node& node);
  ~Process();

  void add_program(std::string name, Program program) {
    programs_[std::move(name)] = std::move(program);
  }
  Deferred<std::unique_ptr<Child>> spawn(SpawnSpec spec) override;
  Result<std::string> find_program(const SpawnSpec& spec) override;
  /// The host's power went: nothing of them goes on.
  void crash() { running_.clear(); }

  struct Running;

 private:
  Node& node_;
  std::map<std::string, Program> programs_;
  std::vector<std::shared_ptr<Running>> running_;
  std::int64_t next_pid_ = 100;
};

}  // namespace berth::sim
