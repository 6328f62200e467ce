#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "async/clock.h"
#include "observe/event.h"
#include "observe/line.h"
#include "observe/log_intake.h"
#include "observe/parse/pipeline.h"

namespace berth::observe {

/// What has become of the lines.
struct LineCounters {
  std::uint64_t lines = 0;
  std::uint64_t unparsed = 0;     // that fitted no parser of their pipeline
  std::uint64_t dropped = 0;      // by their pipeline's `drop`
  std::uint64_t sampled_out = 0;  // by its `sample`; they are counted in series all the same
  std::uint64_t redacted = 0;     // places
};

/// Where each line of each input goes through: its pipeline, if the input names one, then series
/// (LogIntake), then all sinks. A dropped line is neither counted in series nor handed on; one that
/// was sampled out is counted only. Without a pipeline a line is handed on as it is, redacted.
/// Belongs to one reactor. Never fails: what cannot be parsed is tagged.
class LineIntake {
 public:
  using Sink = std::function<void(const ParsedLine&)>;

  LineIntake(Observer& observer, Clock& clock) : intake_(observer), clock_(clock) {}

  using Pipelines = std::map<std::string, Pipeline, std::less<>>;
  /// In the place of those that were there, which it returns.
  Pipelines set_pipelines(Pipelines pipelines) {
    return std::exchange(pipelines_, std::move(pipelines));
  }
  /// Sinks get each line that is kept, in the order of adding; they may not call back. While none
  /// `wants` any, lines are counted, and nothing is made for nobody.
  void add_sink(Sink sink, std::function<bool()> wants = [] { return true; }) {
    sinks_.push_back({std::move(sink), std::move(wants)});
  }
  void note(const LogLine& line);

  const LineCounters& counters() const { return counters_; }
  const LogIntake& counted() const { return intake_; }

 private:
  bool anyone_wants() const;
  void hand_on(const LogLine& line, Record& record, std::string_view parser);

  LogIntake intake_;
  Clock& clock_;
  Pipelines pipelines_;
  struct Added {
    Sink sink;
    std::function<bool()> wants;
  };
  std::vector<Added> sinks_;
  LineCounters counters_;
};

/// A line as a Riemann event: host and service, the level as its state ("error"), the line as its
/// description, fields as attributes; a field called `metric` that is a number as its metric.
Event event_of(const ParsedLine& parsed);

}  // namespace berth::observe
