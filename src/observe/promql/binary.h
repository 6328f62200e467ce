#pragma once

#include "observe/promql/syntax.h"
#include "observe/promql/value.h"

namespace berth::promql {

/// Both sides computed; Prometheus' promql/engine.go, VectorBinop, VectorscalarBinop, scalarBinop
/// and the set operators.
Result<Value> combine(const Binary& binary, Value left, Value right, const Steps& steps);

}  // namespace berth::promql
