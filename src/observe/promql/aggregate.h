#pragma once

#include "observe/promql/syntax.h"
#include "observe/promql/value.h"

namespace berth::promql {

/// Groups columns by labels and folds each group at each moment; Prometheus' promql/engine.go,
/// aggregation. `parameter` belongs to topk, bottomk, quantile, count_values.
Result<Value> aggregate(const Aggregation& aggregation, Value parameter, Value of,
                        const Steps& steps);

}  // namespace berth::promql
