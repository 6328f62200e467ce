#pragma once

#include <cstdint>
#include <vector>

#include "observe/promql/query.h"
#include "observe/promql/syntax.h"
#include "observe/promql/value.h"

namespace berth::promql {

/// One walk over the tree: each node is computed for all moments at once, column by column, so that
/// labels are matched once and not at each moment. Made for one evaluation.
class Evaluation {
 public:
  Evaluation(const QueryTimes& times, const QueryLimits& limits,
             std::vector<std::vector<SampleSeries>> selected)
      : times_(times), limits_(limits), selected_(std::move(selected)) {}

  Result<Value> evaluate(const Node& node, const Steps& steps);
  /// The windows of a range vector at one moment, for a query that is nothing else.
  Result<std::vector<SampleSeries>> matrix(const Node& node, std::int64_t time);

 private:
  struct Windows;

  /// Counts what is held; overloaded beyond the limit, timed_out when it is told to stop.
  Result<void> charge(std::size_t samples);

  Result<Value> number(double value, const Steps& steps);
  Result<Value> instant(const Selector& selector, const Steps& steps, bool times_of_samples);
  Result<Value> negation(const Negation& negation, const Steps& steps);
  Result<Value> binary(const Binary& binary, const Steps& steps);
  Result<Value> aggregation(const Aggregation& aggregation, const Steps& steps);
  Result<Value> call(const Call& call, const Steps& steps);
  Result<Value> over_range(const Call& call, const Steps& steps);
  Result<Value> on_vectors(const Call& call, const Steps& steps);
  /// The samples behind a range vector, and how its windows move.
  Result<Windows> windows(const Node& node, const Steps& steps);
  Result<Windows> windows(const Subquery& subquery, const Steps& steps);

  const QueryTimes times_;
  const QueryLimits& limits_;
  std::vector<std::vector<SampleSeries>> selected_;
  std::size_t held_ = 0;
};

/// The moment that `@` names, or the given one.
std::int64_t moment_of(const At& at, const QueryTimes& times, std::int64_t otherwise);
/// The moments at which a subquery is evaluated for all of `steps` (aligned to its step).
Steps subquery_steps(const Subquery& subquery, const Steps& steps, const QueryTimes& times,
                     std::int64_t default_step);

}  // namespace berth::promql
