#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "observe/promql/type.h"

namespace berth::promql {

/// Every function of PromQL 2.42 but those of native histograms.
enum class FunctionId : std::uint8_t {
#define PROMQL_FUNCTION(name, returns, optional, ...) name##_,
#include "observe/promql/functions.def"
#undef PROMQL_FUNCTION
};

struct Function {
  FunctionId id;
  std::string_view name;
  Type returns;
  int optional;  // how many of its last arguments may be left out; -1: the last may come any times
  std::span<const Type> arguments;
};

/// Null if there is none.
const Function* find_function(std::string_view name);

}  // namespace berth::promql
