#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "observe/parse/pattern_set.h"

namespace berth::observe {

enum class GrokType : unsigned char { text, integer, floating };

/// One field that a grok pattern finds, in the order of the groups of its expression.
struct GrokField {
  std::string name;  // with dots: [source][address] is source.address
  GrokType type = GrokType::text;
};

/// A grok pattern as RE2 reads it: references replaced, unnamed groups made non-capturing, what
/// Ruby's expressions write otherwise rewritten to an equal form.
struct GrokExpression {
  std::string text;
  std::vector<GrokField> fields;
};

/// What a pattern may grow to and how deep references may go.
inline constexpr std::size_t grok_expression_bytes_max = 256 << 10;
inline constexpr std::size_t grok_depth_max = 32;
inline constexpr std::size_t grok_fields_max = 200;

/// Replaces the references of `pattern`: %{NAME}, %{NAME:field}, %{NAME:field:int|float}, with
/// fields as name, name.inner or [name][inner], and translates Ruby's syntax (Oniguruma, doc/RE),
/// which grok has, to RE2's. invalid: "column 12: there is no pattern 'IPP'; did you mean 'IP'?",
/// or within another pattern "column 3 of pattern 'ORDER': ...". What has no form that runs in
/// linear time (lookaround, atomic groups, possessive repeats, backreferences) is refused so too,
/// unless it is equal to one: an atomic group of fixed text, or at the end; a lookahead at the end.
Result<GrokExpression> read_grok(const PatternSet& patterns, std::string_view pattern);

}  // namespace berth::observe
