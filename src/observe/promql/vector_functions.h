#pragma once

#include <vector>

#include "observe/promql/syntax.h"
#include "observe/promql/value.h"

namespace berth::promql {

/// Functions of instant vectors, scalars and texts; Prometheus' promql/functions.go.
Result<Value> apply_function(const Call& call, std::vector<Value> arguments, const Steps& steps);

/// The labels that absent() can tell from its argument: those that must be equal.
Labels absent_labels(const Node& argument);

// In files of their own.
Result<Value> label_replace(std::vector<Value> arguments, const Steps& steps);
Result<Value> label_join(std::vector<Value> arguments, const Steps& steps);
Result<Value> histogram_quantile(std::vector<Value> arguments, const Steps& steps);
/// A part of a date in UTC: FunctionId::hour_ and the like.
double date_part(FunctionId id, double seconds);

}  // namespace berth::promql
