#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace berth::observe {

/// The number that `text` begins with, as Ruby's to_i reads it: "+5" is 5, "12ms" 12; 0 where there
/// is none or where it does not fit.
inline std::int64_t leading_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
/// The same as to_f.
inline double leading_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace berth::observe
