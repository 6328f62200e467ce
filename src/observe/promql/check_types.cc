#include "observe/promql/check_types.h"

#include <fmt/format.h>

namespace berth::promql {
namespace {

template <class... Texts>
Error fault(fmt::format_string<Texts...> form, Texts&&... texts) {
  return Error(Code::invalid, fmt::format(form, std::forward<Texts>(texts)...));
}

Result<void> expect(const Node& node, Type type, std::string_view context) {
  if (node.type == type) return {};
  return fault("expected type {} in {}, got {}", type_text(type), context, type_text(node.type));
}

struct TypeOf {
  Result<Type> operator()(const Number&) { return Type::scalar; }
  Result<Type> operator()(const Text&) { return Type::text; }
  Result<Type> operator()(const Selector& each) {
    return each.range > 0 ? Type::matrix : Type::vector;
  }
  Result<Type> operator()(const Negation& each) { return each.of->type; }

  Result<Type> operator()(const Subquery& each) {
    if (each.of->type == Type::vector) return Type::matrix;
    return fault("subquery is only allowed on instant vector, got {} instead",
                 type_text(each.of->type));
  }

  Result<Type> operator()(const Aggregation& each) {
    auto of = expect(*each.of, Type::vector, "aggregation expression");
    if (!of.ok()) return std::move(of).error();
    if (each.parameter) {
      Type wanted = each.fold == Fold::count_values ? Type::text : Type::scalar;
      auto parameter = expect(*each.parameter, wanted, "aggregation parameter");
      if (!parameter.ok()) return std::move(parameter).error();
    }
    return Type::vector;
  }

  Result<Type> operator()(const Call& each) {
    auto& function = *each.function;
    std::size_t given = each.arguments.size();
    std::size_t most = function.arguments.size();
    std::size_t least = most - static_cast<std::size_t>(function.optional != 0);
    if (function.optional == 0 && given != most) {
      return fault("expected {} argument(s) in call to \"{}\", got {}", most, function.name, given);
    }
    if (given < least) {
      return fault("expected at least {} argument(s) in call to \"{}\", got {}", least,
                   function.name, given);
    }
    if (function.optional > 0 && given > most) {
      return fault("expected at most {} argument(s) in call to \"{}\", got {}", most, function.name,
                   given);
    }
    for (std::size_t i = 0; i < given; ++i) {
      auto good = expect(*each.arguments[i], function.arguments[std::min(i, most - 1)],
                         fmt::format("call to function \"{}\"", function.name));
      if (!good.ok()) return std::move(good).error();
    }
    return function.returns;
  }

  Result<Type> operator()(const Binary& each) {
    Type left = each.left->type, right = each.right->type;
    auto fits = [](Type type) { return type == Type::scalar || type == Type::vector; };
    bool scalars = left == Type::scalar && right == Type::scalar;
    if (each.returns_bool && !is_comparison(each.op)) {
      return fault("bool modifier can only be used on comparison operators");
    }
    if (is_comparison(each.op) && !each.returns_bool && scalars) {
      return fault("comparisons between scalars must use BOOL modifier");
    }
    if (!fits(left) || !fits(right)) {
      return fault("binary expression must contain only scalar and instant vector types");
    }
    bool vectors = left == Type::vector && right == Type::vector;
    if (!vectors && is_set(each.op)) {
      return fault("set operator \"{}\" not allowed in binary scalar expression",
                   operator_text(each.op));
    }
    if (!vectors && (each.matching.on || !each.matching.labels.empty())) {
      return fault("vector matching only allowed between instant vectors");
    }
    return scalars ? Type::scalar : Type::vector;
  }
};

}  // namespace

Result<Type> check_types(const Node& node) { return std::visit(TypeOf(), node.body); }

}  // namespace berth::promql
