#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/exposition.h"
#include "base/log.h"
#include "observe/alerts/alerts.h"
#include "observe/promql/query.h"
#include "observe/series_source.h"

namespace berth::observe {

/// One [[export]]: what an expression gives at every whole `every`, sent to outputs.
struct Export {
  std::string name;
  std::optional<promql::Query> query;
  std::string service;  // of the events, with %{LABEL}
  Duration every = 10s;
  Duration delay = 5s;  // so that series are complete by then
  std::vector<std::string> to;
};

struct ExportsOptions {
  std::string folder;
  std::size_t steps_max = 8640;  // that are caught up with after an outage; older ones are left out
  std::size_t samples_max = 5'000'000;
};

/// Sends kept series on: at each step an event a series, with the step's time. How far each export
/// came is on disk, and is moved on only once its events are in the outputs' queues: a step is sent
/// again after kill -9 rather than left out, with the same names, times and numbers. What was down
/// is caught up with. Belongs to one reactor.
class Exports {
 public:
  static constexpr Duration tick = 1s;

  Exports(World& world, Log log, SeriesSource& series, AlertOutputs outputs, ExportsOptions options)
      : world_(world),
        log_(log),
        series_(series),
        outputs_(std::move(outputs)),
        options_(std::move(options)) {}

  Deferred<void> open(std::vector<Export> exports);
  Deferred<void> close() { return scope_.close(); }
  void expose(Exposition& page) const;

 private:
  struct Running {
    Export what;
    WallTime done{};  // the last step that was sent
    std::uint64_t steps = 0;
    std::uint64_t failures = 0;
    std::uint64_t left_out = 0;
    bool failing = false;
  };
  Deferred<void> run_forever();
  Deferred<void> catch_up(Running& each);
  Deferred<void> step(Running& each, WallTime at);
  Deferred<void> save();

  World& world_;
  const Log log_;
  SeriesSource& series_;
  const AlertOutputs outputs_;
  const ExportsOptions options_;
  std::vector<Running> all_;
  Scope scope_;
};

}  // namespace berth::observe
