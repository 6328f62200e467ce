#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "http/router.h"
#include "http/server.h"
#include "observe/all_series.h"
#include "observe/alone/log_sink.h"
#include "observe/alone/observe_file.h"
#include "observe/alone/telling.h"
#include "observe/inputs/input.h"
#include "observe/line_intake.h"
#include "observe/local_streams.h"
#include "observe/observer.h"
#include "observe/samples/sample_store.h"

namespace berth::observe {

/// Observation for people who use nothing else of Berth: what an ObserveFile says, with the same
/// parts that `berth dev` has. One reactor. It is laid out as the data flows:
///
///     inputs ─> lines ──> pipeline ──> counts ─┐
///        │        └─────> sinks (streams, ...) │
///        ├────> events ─> streams ─────────────┼─> samples ─> Prometheus' API
///        └────> numbers ───────────────────────┘
///
/// A file that is applied later changes inputs, pipelines and streams while the others go on; what
/// lies on disk is kept by `data`, which cannot be changed without a restart.
class Alone {
 public:
  Alone(World& world, Log log, std::string version);
  ~Alone();

  /// Opens what is kept, and begins. Errors: what is in the way, in words.
  Deferred<void> start(ObserveFile file);
  /// Changes to another file. Errors: a socket that cannot be had, another `data`: nothing has
  /// changed then, but where an input's own new form cannot have its place (it is told, and runs no
  /// more).
  Deferred<void> apply(ObserveFile file);
  /// Takes no more, writes what is pending, ends.
  Deferred<void> close();

  LineIntake& lines() { return *lines_; }
  const CountedSeries& series() const { return observer_->series(); }
  SampleStore& samples() { return *samples_; }
  streams::StreamCore& events() { return streams_->core(); }
  /// Null where nothing is said of [logs].
  LogStore* logs() { return logs_.get(); }
  /// Of the HTTP API: what others add is there once start() has resolved.
  http::Router& routes() { return routes_; }
  std::string metrics() const;
  std::uint64_t revision() const { return revision_; }

 private:
  struct Running {
    InputSpec spec;
    std::unique_ptr<Input> input;
  };
  using Inputs = std::map<std::string, Running, std::less<>>;

  Deferred<void> open_stores(const ObserveFile& file);
  void connect(const ObserveFile& file);
  /// Lines that were acknowledged and not counted before the end are taken again.
  Deferred<void> open_queue();
  Deferred<void> tend_journal();
  Deferred<void> change_inputs(std::vector<InputSpec> wanted);
  /// True if one of those that will end listens where this one wants to.
  bool waits_for_place(const InputSpec& spec, const std::vector<InputSpec>& wanted) const;
  Result<void> move_site(const Address& to);
  void add_routes();
  InputLinks links();

  World& world_;
  Log log_;
  std::string version_;
  std::string data_;
  std::unique_ptr<SampleStore> samples_;
  std::unique_ptr<AllSeries> all_series_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<SampleWriter> writer_;
  std::unique_ptr<LogStore> logs_;
  std::unique_ptr<LogSink> log_sink_;
  std::unique_ptr<LineIntake> lines_;
  std::unique_ptr<LineQueue> queue_;
  std::unique_ptr<LocalStreams> streams_;
  std::unique_ptr<Telling> telling_;
  LineQueueLimits queue_limits_;
  bool lines_are_events_ = false;
  Inputs inputs_;
  http::Router routes_;
  std::unique_ptr<http::Server> site_;
  Address listen_;
  MonotonicTime begun_;
  std::uint64_t revision_ = 0;
  Scope scope_;
};

}  // namespace berth::observe
