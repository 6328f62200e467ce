#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace berth {

/// Without spaces, tabs and line ends at both sides.
std::string_view trim(std::string_view text);
/// The pieces between the separators: always one more than there are separators.
std::vector<std::string_view> split(std::string_view text, char separator);
/// What stands before and behind the first separator, or nothing if there is none.
std::optional<std::pair<std::string_view, std::string_view>> split_once(std::string_view text,
                                                                        char separator);
/// The value of a hexadecimal digit, or -1.
int hex_value(char c);
/// ASCII letters made small; other bytes stay.
std::string lower(std::string_view text);
/// Equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

namespace detail {
Result<__int128> parse_integer(std::string_view text, __int128 least, __int128 most);
}

/// The whole of `text` as a decimal integer from `least` to `most`: no spaces, no plus sign, no
/// fraction. invalid says what was found and what may stand there.
template <class T>
Result<T> parse_integer(std::string_view text, T least = std::numeric_limits<T>::min(),
                        T most = std::numeric_limits<T>::max()) {
  Result<__int128> value = detail::parse_integer(text, least, most);
  if (!value.ok()) return std::move(value).error();
  return static_cast<T>(*value);
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to make
/// `b` of `a` (Damerau and Levenshtein, optimal string alignment); `most` + 1 when it is more.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most = 3);
/// The word of `words` that was probably meant: the nearest one at most 3 edits away that keeps
/// at least half of its letters; empty if there is none.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> words);

}  // namespace berth
