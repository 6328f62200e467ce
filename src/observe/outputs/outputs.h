#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/world.h"
#include "base/exposition.h"
#include "base/log.h"
#include "observe/outputs/output_file.h"
#include "observe/outputs/output_queue.h"
#include "observe/streams/core.h"

namespace berth::observe {

/// All outputs of one process, by their names, each with its queue below `folder`. Made once from
/// what a file says; belongs to one reactor. An output whose secret or certificate cannot be read
/// fails open(), with its name.
class Outputs {
 public:
  /// `trusted` is for peers behind TLS whose [[output]] names no authorities.
  Outputs(World& world, Log log, std::string folder, tls::ClientContext trusted);
  ~Outputs();

  Deferred<void> open(std::vector<OutputPlan> plans);
  /// What was accepted is on disk when it resolves.
  Deferred<void> close();
  /// Puts them behind `send NAME` of streams; withdraw() takes them away again.
  void offer(streams::StreamCore& core);
  void withdraw(streams::StreamCore& core);

  OutputQueue* find(std::string_view name);
  const std::map<std::string, std::unique_ptr<OutputQueue>, std::less<>>& all() const {
    return queues_;
  }
  /// All that was accepted until now by any is in files.
  Deferred<void> commit();
  /// berth_output_* families.
  void expose(Exposition& page) const;

 private:
  Deferred<void> open_one(OutputPlan plan);

  World& world_;
  const Log log_;
  const std::string folder_;
  const tls::ClientContext trusted_;
  std::map<std::string, std::unique_ptr<OutputQueue>, std::less<>> queues_;
};

}  // namespace berth::observe
