#pragma once

#include <cstdint>
#include <string_view>

namespace berth::promql {

enum class Type : std::uint8_t { scalar, text, vector, matrix };

/// As documentation and messages call it: "instant vector".
constexpr std::string_view type_text(Type type) {
  switch (type) {
    case Type::scalar:
      return "scalar";
    case Type::text:
      return "string";
    case Type::vector:
      return "instant vector";
    case Type::matrix:
      return "range vector";
  }
  return {};
}

}  // namespace berth::promql
