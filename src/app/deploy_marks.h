#pragma once

#include <functional>

#include "async/scope.h"
#include "observe/event.h"
#include "placement/mirror.h"

namespace berth::app {

/// Tells of each deploy, rollback and change of instances once, as an annotation: what the feed
/// says from the start on. Belongs to the mirror's reactor, and ends before it.
class DeployMarks {
 public:
  using Annotate = std::function<void(observe::Event)>;

  DeployMarks(placement::Mirror& mirror, Annotate annotate)
      : mirror_(mirror), annotate_(std::move(annotate)) {}

  void start();
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> run_forever();

  placement::Mirror& mirror_;
  Annotate annotate_;
  std::uint64_t last_ = 0;  // the newest entry of the feed that was told
  Scope scope_;
};

}  // namespace berth::app
