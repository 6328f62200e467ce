#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::observe {

/// The path of a request target with what looks like an id folded, so that one operation is one
/// series: "/users/42/orders?x=1" is "/users/:id/orders". An id is a segment of digits, a UUID, a
/// ULID, 16 or more hex digits, or 12 or more letters and digits mixed with at least a third of
/// digits. The query is cut off; what is longer than `folded_bytes_max` ends in "...". Never
/// allocates more than its answer.
std::string fold_path(std::string_view target);
/// The same into a string whose room is used again.
void fold_path(std::string_view target, std::string& folded);

inline constexpr std::size_t folded_bytes_max = 120;
inline constexpr std::size_t folded_segments_max = 8;  // deeper ones are "/..." together

}  // namespace berth::observe
