#pragma once

#include <string>

#include "async/scope.h"
#include "async/sync.h"
#include "base/log.h"
#include "runtime/docker_api.h"
#include "runtime/log_writer.h"

namespace berth::runtime {

/// Copies what a container writes into its instance's log, from where the log ends: neither a
/// restart of Berth nor one of Docker loses or repeats a line. Belongs to its instance.
class DockerLogs {
 public:
  DockerLogs(DockerApi& api, Log log, std::string container, std::string path);
  void start() { scope_.add(run()); }
  /// Resolves once the container has ended and all was copied.
  Deferred<void> copied() { return done_.wait(); }

 private:
  Deferred<void> run();
  Deferred<void> copy();
  Deferred<void> still_running();
  Deferred<void> find_end();

  DockerApi& api_;
  Log log_;
  std::string container_;
  std::string path_;
  LogWriter writer_;
  std::int64_t last_millis_ = 0;  // of the last line that the log has
  std::size_t last_count_ = 0;    // how many of its lines have that time
  Event done_;
  Scope scope_;
};

}  // namespace berth::runtime
