#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/promql/syntax.h"

namespace berth::promql {

inline constexpr std::size_t query_bytes_max = 64 << 10;
inline constexpr std::size_t depth_max = 250;  // of expressions in each other

/// Reads one expression of PromQL and checks its types
/// (prometheus.io/docs/prometheus/2.42/querying, promql/parser/generated_parser.y). Names and
/// keywords, precedence, and what is refused are Prometheus' own; experimental functions are not
/// known. invalid: "1:5: parse error: ...".
Result<NodePtr> parse_expression(std::string_view text);

/// `up{job="api"}` alone: what `match[]` of the API takes.
Result<std::vector<Matcher>> parse_selector(std::string_view text);

/// How many selectors an expression has; their index is below it.
std::size_t count_selectors(const Node& node);

}  // namespace berth::promql
