#pragma once

#include <string>

#include "async/world.h"
#include "base/log.h"
#include "runtime/driver.h"

namespace berth::runtime {

struct ProcessDriverOptions {
  std::string program;       // the berth binary, whose `shim` command is run
  std::string state_folder;  // shims/ and logs/ stand there; only the user may enter it
  /// What every instance gets before its own: for looking up programs in PATH.
  std::vector<std::pair<std::string, std::string>> environment;
};

/// Runs instances as processes, each under a shim that outlives Berth (docs/formats/shim.md). One a
/// state folder, on one reactor; outlives its instances. A shim that does not answer within
/// `answer_timeout` is given up: at a start it is an error, in find() it is left alone and logged.
class ProcessDriver final : public Driver {
 public:
  static constexpr Duration answer_timeout = 5s;

  ProcessDriver(World& world, Log log, ProcessDriverOptions options);

  /// Looks for the folder and the program. not_found, denied: a sentence with what to do.
  Deferred<void> prepare(const placement::ServiceSpec& service, std::uint64_t version,
                         std::function<void(std::string_view)> progress) override;
  Deferred<std::unique_ptr<RunningInstance>> start(LaunchSpec spec) override;
  Deferred<std::vector<std::unique_ptr<RunningInstance>>> find() override;

  /// The files of one shim.
  struct Files {
    std::string spec;
    std::string socket;
    std::string status;
  };

 private:
  friend class ProcessInstance;

  Files files_of(std::string_view incarnation) const;
  Deferred<std::unique_ptr<Child>> spawn_shim(std::string spec_path);
  Deferred<std::unique_ptr<RunningInstance>> find_one(std::string incarnation);
  /// For a shim that is dead: another run of it ends what the program left and removes the files.
  Deferred<void> clean_up(Files files);

  World& world_;
  Log log_;
  ProcessDriverOptions options_;
};

}  // namespace berth::runtime
