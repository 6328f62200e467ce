#pragma once

#include <string>
#include <vector>

#include "async/sync.h"
#include "async/world.h"
#include "base/json.h"
#include "observe/alerts/objective.h"
#include "observe/series_source.h"

namespace berth::observe {

/// Objectives as they stand: what is left of each error budget and how fast it burns, asked of the
/// series and kept for a while, since a window of a month is much to read. An objective that cannot
/// be computed says why. Belongs to the reactor of `series`, which outlives it.
class Goals {
 public:
  static constexpr Duration kept = 10s;
  static constexpr std::size_t samples_max = 20'000'000;  // of one expression

  Goals(Clock& clock, SeriesSource& series, std::vector<Objective> objectives)
      : clock_(clock), series_(series), objectives_(std::move(objectives)) {}

  /// docs/formats/api.md, KPIs.
  Deferred<Json> json();

 private:
  Deferred<Json> one(const Objective& objective);
  /// Null where there are no series, or nothing was asked in the window.
  Deferred<Json> ask(std::string expression);

  Clock& clock_;
  SeriesSource& series_;
  const std::vector<Objective> objectives_;
  Json newest_;
  MonotonicTime fresh_until_{};
  Lock asking_;
};

}  // namespace berth::observe
