#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/promql/sample_source.h"
#include "observe/promql/syntax.h"

namespace berth::promql {

/// The moments at which an expression is evaluated: `start`, then each `step` after it up to `end`,
/// in milliseconds since 1970. A single one: step 0.
struct QueryTimes {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t step = 0;

  static QueryTimes at(std::int64_t time) { return {time, time, 0}; }
};

struct QueryLimits {
  /// Of selected samples and of computed ones together. Beyond: overloaded.
  std::size_t samples_max = 50'000'000;
  /// How far back an instant selector looks for a sample, milliseconds.
  std::int64_t lookback = 300'000;
  /// Of subqueries that name none, milliseconds.
  std::int64_t subquery_step = 60'000;
  /// Asked now and then; true ends the evaluation with timed_out.
  std::function<bool()> stop = [] { return false; };
};

/// An instant vector is series of one sample each, in their order; a scalar one series without
/// labels; of several moments all is a matrix, sorted by labels.
struct QueryResult {
  Type type = Type::vector;
  std::vector<SampleSeries> series;
  std::string text;       // of a string
  std::int64_t time = 0;  // at which a string or scalar was asked for
};

/// One parsed expression; immutable, evaluated from any thread. The evaluation is a pure function
/// of the times and of the samples that selections() asks for: fetch them first, then compute,
/// elsewhere if it is much. Semantics: Prometheus 2.42, promql/engine.go and functions.go.
class Query {
 public:
  /// invalid: "1:5: parse error: ...".
  static Result<Query> parse(std::string_view text);

  Type type() const { return root_->type; }
  /// What must be fetched, one for each selector.
  std::vector<Selection> selections(const QueryTimes& times, const QueryLimits& limits) const;
  /// invalid: series that match in more ways than one, and the like; overloaded: samples_max;
  /// timed_out.
  Result<QueryResult> evaluate(const QueryTimes& times, const QueryLimits& limits,
                               std::vector<std::vector<SampleSeries>> selected) const;
  /// Both at once.
  Result<QueryResult> run(const SampleSource& source, const QueryTimes& times,
                          const QueryLimits& limits = {}) const;

 private:
  explicit Query(NodePtr root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

/// A value as Prometheus writes it: "1.5", "NaN", "+Inf", never with an exponent.
std::string value_text(double value);

}  // namespace berth::promql
