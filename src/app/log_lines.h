#pragma once

#include <string>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/observer.h"
#include "runtime/log_tail.h"

namespace berth::app {

/// Gives each line of the instances' output to the observer once, also across a restart. Belongs to
/// one reactor.
class LogLines {
 public:
  LogLines(World& world, Log log, std::string state_folder, observe::Observer& observer);

  void start() { scope_.add(run()); }
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> run();

  World& world_;
  Log log_;
  std::string state_folder_;
  observe::Observer& observer_;
  runtime::LogTail tail_;
  Scope scope_;
};

}  // namespace berth::app
