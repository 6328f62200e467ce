#pragma once

#include <memory>
#include <string>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "console/log_source.h"
#include "observe/observer.h"
#include "runtime/log_tail.h"

namespace berth::app {

/// Gives the instances' output to who wants it: each line once to the observer, also across a
/// restart, and by service to the console. Belongs to one reactor.
class LogLines final : public console::LogSource {
 public:
  LogLines(World& world, Log log, std::string state_folder, observe::Observer& observer);

  void start() { scope_.add(run()); }
  Deferred<void> close() { return scope_.close(); }

  Deferred<std::vector<console::LogLine>> last(std::string service, std::string instance,
                                               std::size_t lines) override;
  Deferred<std::unique_ptr<console::LogFollower>> follow(std::string service, std::string instance,
                                                         std::size_t lines) override;

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
