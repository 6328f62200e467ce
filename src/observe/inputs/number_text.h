#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

namespace berth::observe {

/// The whole of a text as a number, as the protocols of metrics write it: "1", "-2.5", "+1e-3";
/// nothing for anything else, for infinities and for NaN.
inline std::optional<double> number_of_text(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text[0] == '+') return std::nullopt;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace berth::observe
