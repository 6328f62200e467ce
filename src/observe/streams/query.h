#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "observe/streams/event_fields.h"

namespace re2 {
class RE2;
}

namespace berth::observe::streams {

/// A condition on events in Riemann's query language (riemann query.g4, query.clj):
///
///   (service = "api" and metric > 0.5) or tagged "slow" and not host =~ "test%"
///
/// `not` binds tighter than `and`, that tighter than `or`. `=` and `!=` take any two values, the
/// inequalities a number at the right; what is no number is not less and not greater. `=~` matches
/// the whole text with % for anything, `~=` finds a regular expression (RE2) anywhere in it.
/// Literals: numbers, "texts", true, false, nil or null; anything else names a field, or an
/// attribute. An attribute that reads as a number is equal to that number. An immutable value.
class Query {
 public:
  static constexpr std::size_t text_bytes_max = 64 << 10;
  static constexpr std::size_t depth_max = 100;  // of parentheses and nots within each other

  /// invalid: "parse error: column 9: ...", columns from 1 and in bytes.
  static Result<Query> parse(std::string_view text);

  bool matches(const Event& event) const { return holds(root_, event); }
  /// If it asks for exactly one host and one service, these: an index need not look at others.
  std::optional<std::pair<std::string_view, std::string_view>> host_and_service() const;
  const std::string& text() const { return text_; }

 private:
  friend class QueryParser;
  enum class Kind : std::uint8_t {
    always,  // a literal that is neither false nor nil
    never,
    present,  // a field alone: neither nil nor "false"
    both,
    either,
    negated,
    equal,
    unequal,
    less,
    greater,
    less_equal,
    greater_equal,
    like,
    found,  // ~=
    tagged,
  };
  /// One side of a comparison.
  struct Operand {
    std::optional<Field> field;
    FieldValue literal;
    std::optional<bool> boolean;  // no field holds one

    Value get(const Event& event) const { return field ? field->get(event) : view(literal); }
  };
  struct Node {
    Kind kind = Kind::always;
    std::uint32_t left = 0;  // of both, either, negated
    std::uint32_t right = 0;
    Operand a;
    Operand b;
    double number = 0;                           // of inequalities
    std::string text;                            // the tag, or the pattern with %
    std::shared_ptr<const re2::RE2> expression;  // of found
  };

  bool holds(std::uint32_t at, const Event& event) const;
  static bool compares(const Node& node, const Event& event);
  static bool equals(const Node& node, const Event& event);

  std::string text_;
  std::vector<Node> nodes_;
  std::uint32_t root_ = 0;
};

/// True if `text` is `pattern`, in which each % stands for any bytes.
bool like(std::string_view pattern, std::string_view text);

}  // namespace berth::observe::streams
