#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "observe/event.h"
#include "observe/samples/sample_store.h"

namespace berth::observe {

/// What inputs measure, into a SampleStore. A sample that the store refuses is counted by its
/// reason and told in the log now and then; nothing else fails. Belongs to the store's reactor.
class SampleWriter {
 public:
  SampleWriter(World& world, Log log, SampleStore& store)
      : world_(world), log_(log), store_(store) {}

  /// False if it was refused. `time` in milliseconds since 1970.
  bool add(const promql::Labels& labels, std::int64_t time, double value);
  /// What came to be between `start` and `time` (0: not told when it began) of a series that only
  /// tells differences: it is kept as their sum, which begins at 0. False for what is not behind
  /// the series' newest: it comes twice, or late.
  bool grow(const promql::Labels& labels, std::int64_t start, std::int64_t time, double value);
  /// An event's metric under its service as the name and its host as the label `host`; a name that
  /// Prometheus does not allow is changed, and stands in the label `berth_name`. Many clients tell
  /// whole seconds: such a time of the last two seconds is taken as now, so that two events of one
  /// second are two samples.
  bool add(const Event& event);
  /// What was added until now survives kill -9 once it resolves.
  Deferred<void> commit() { return store_.commit(); }
  SampleStore& store() { return store_; }
  std::uint64_t taken() const { return taken_; }
  std::uint64_t refused() const { return refused_; }

 private:
  World& world_;
  Log log_;
  SampleStore& store_;
  std::uint64_t taken_ = 0;
  std::uint64_t refused_ = 0;
  MonotonicTime tell_after_{};
};

}  // namespace berth::observe
