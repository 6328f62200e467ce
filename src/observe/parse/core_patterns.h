#pragma once

#include <span>
#include <string_view>

namespace berth::observe {

/// The texts of src/observe/parse/patterns, which are part of the program. One pattern a line,
/// `NAME definition`; `legacy NAME` and `ecs NAME` stand in one of the sets only; lines that begin
/// with '#' are comments. Where the sets differ in a field's name only, both stand in one place,
/// the legacy one first: %{IP:clientip|client.ip}, (?<verb|http.request.method>GET); an empty one
/// means that the set has no such field.
std::span<const std::string_view> core_pattern_texts();

}  // namespace berth::observe
