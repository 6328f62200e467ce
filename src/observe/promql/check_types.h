#pragma once

#include "base/result.h"
#include "observe/promql/syntax.h"

namespace berth::promql {

/// The type of a node whose children have theirs; invalid says what does not fit together, without
/// the place (Prometheus' promql/parser/parse.go, checkAST).
Result<Type> check_types(const Node& node);

}  // namespace berth::promql
