#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "observe/promql/function.h"
#include "observe/promql/matcher.h"
#include "observe/promql/type.h"

namespace berth::promql {

struct Node;
using NodePtr = std::unique_ptr<Node>;

/// `@ 1609746000`, `@ start()`, `@ end()`.
struct At {
  enum class Kind : std::uint8_t { none, time, start, end };
  Kind kind = Kind::none;
  std::int64_t time = 0;  // milliseconds
};

struct Number {
  double value;
};

struct Text {
  std::string value;
};

/// `up{job="api"}`, with a range `up[5m]`. Durations are milliseconds.
struct Selector {
  std::string name;
  std::vector<Matcher> matchers;  // the name's too
  std::int64_t range = 0;         // 0: instant
  std::int64_t offset = 0;
  At at;
  std::size_t index = 0;  // among the query's selectors
};

/// `rate(x[1m])[1h:5m]`.
struct Subquery {
  NodePtr of;
  std::int64_t range = 0;
  std::int64_t step = 0;  // 0: the default
  std::int64_t offset = 0;
  At at;
};

struct Call {
  const Function* function;
  std::vector<NodePtr> arguments;
};

enum class Fold : std::uint8_t {
  sum,
  avg,
  count,
  min,
  max,
  group,
  stddev,
  stdvar,
  topk,
  bottomk,
  quantile,
  count_values
};

/// `sum by (job) (x)`, `topk(3, x)`.
struct Aggregation {
  Fold fold;
  NodePtr parameter;
  NodePtr of;
  std::vector<std::string> labels;
  bool without = false;
};

enum class Operator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  modulo,
  power,
  atan2,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  logical_and,
  logical_or,
  unless
};
constexpr bool is_comparison(Operator op) {
  return op >= Operator::equal && op <= Operator::greater_equal;
}
constexpr bool is_set(Operator op) { return op >= Operator::logical_and; }
std::string_view operator_text(Operator op);

/// How elements of two vectors find each other.
struct Matching {
  enum class Kind : std::uint8_t { one_to_one, many_to_one, one_to_many, many_to_many };
  Kind kind = Kind::one_to_one;
  bool on = false;  // else ignoring
  std::vector<std::string> labels;
  std::vector<std::string> include;  // group_left(these)
};

struct Binary {
  Operator op;
  NodePtr left;
  NodePtr right;
  bool returns_bool = false;
  Matching matching;
};

struct Negation {
  NodePtr of;
};

/// One expression with its place in the text.
struct Node {
  std::variant<Number, Text, Selector, Subquery, Call, Aggregation, Binary, Negation> body;
  Type type = Type::scalar;
  std::size_t begin = 0;
  std::size_t end = 0;
  bool in_parentheses = false;
  std::size_t depth = 1;  // of what hangs below it
};

}  // namespace berth::promql
