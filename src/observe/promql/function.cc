#include "observe/promql/function.h"

#include <algorithm>
#include <array>

namespace berth::promql {
namespace {

template <Type... types>
constexpr std::array<Type, sizeof...(types)> list = {types...};

using enum Type;
constexpr Function functions[] = {
#define PROMQL_FUNCTION(name, returns, optional, ...) \
  {FunctionId::name##_, #name, returns, optional, list<__VA_ARGS__>},
#include "observe/promql/functions.def"
#undef PROMQL_FUNCTION
};

}  // namespace

const Function* find_function(std::string_view name) {
  auto found = std::ranges::lower_bound(functions, name, {}, &Function::name);
  return found != std::end(functions) && found->name == name ? &*found : nullptr;
}

}  // namespace berth::promql
