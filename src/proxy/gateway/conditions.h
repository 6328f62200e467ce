#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace re2 {
class RE2;
}

namespace berth::proxy::gateway {

/// An expression of RE2, whose time is linear in what it looks at. It fits as a whole. Any thread.
using Expression = std::shared_ptr<const re2::RE2>;
inline constexpr std::int64_t expression_bytes_max = 8 << 20;  // of memory, each

/// Errors: invalid, in RE2's words.
Result<Expression> expression(std::string_view text);
bool fits(const re2::RE2& expression, std::string_view text);

/// What a header field or a query parameter must be for a route to fit.
struct FieldCondition {
  enum class Kind : std::uint8_t { present, absent, equal, matches };

  std::string name;
  Kind kind = Kind::present;
  std::string value;
  Expression expression;

  /// As a file has it: "*" present, "!" absent, "~EXPRESSION", else the value itself.
  static Result<FieldCondition> parse(std::string name, std::string_view text);
  bool holds(const std::string_view* found) const;
};

/// True if all hold. Header names have no case; of several fields of one name the first counts.
bool hold(const std::vector<FieldCondition>& conditions, const http::Headers& headers);
/// The same for "a=1&b=2"; values are compared as they stand there, encoded. A parameter without
/// '=' has an empty value.
bool hold(const std::vector<FieldCondition>& conditions, std::string_view query);

}  // namespace berth::proxy::gateway
