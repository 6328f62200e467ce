#pragma once

#include <string>

#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/logs/log_store.h"
#include "observe/observer.h"
#include "runtime/log_tail.h"

namespace berth::app {

/// Gives each line of the instances' output to the observer and to the store of lines, once, also
/// across a restart (after kill -9 those of the last second twice). Belongs to one reactor.
class LogLines {
 public:
  LogLines(World& world, Log log, std::string state_folder, observe::Observer& observer,
           observe::LogStore& store, std::string host);

  void start() { scope_.add(run()); }
  /// What was read until now is kept, and not read again by the next.
  Deferred<void> close();

 private:
  Deferred<void> run();
  Deferred<void> keep();

  World& world_;
  Log log_;
  std::string state_folder_;
  observe::Observer& observer_;
  observe::LogStore& store_;
  std::string host_;
  runtime::LogTail tail_;
  std::string kept_;  // where the positions stand
  bool unkept_ = false;
  bool stopping_ = false;
  Event ended_;
  Scope scope_;
};

}  // namespace berth::app
