#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

namespace berth::observe {

/// Most values are decimal numbers of few digits: 42, 0.25, 99.9. As whole numbers of a power of
/// ten their differences are small. Exponents go from 0 to this.
inline constexpr int exponent_max = 6;
inline constexpr double powers_of_ten[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};

/// `scaled` back as the number it stands for.
inline double unscaled(std::int64_t scaled, int exponent) {
  return static_cast<double>(scaled) / powers_of_ten[exponent];
}

/// `value` times 10^exponent, if that is a whole number that gives exactly `value` back.
inline std::optional<std::int64_t> scaled(double value, int exponent) {
  constexpr double exact_max = 9007199254740992;  // 2^53
  double product = value * powers_of_ten[exponent];
  if (!(std::abs(product) < exact_max)) return std::nullopt;
  double whole = std::nearbyint(product);
  auto number = static_cast<std::int64_t>(whole);
  bool minus_zero = number == 0 && std::signbit(value);
  if (minus_zero || unscaled(number, exponent) != value) return std::nullopt;
  return number;
}

/// The least exponent that fits, or exponent_max + 1.
inline int least_exponent(double value, int from = 0) {
  int exponent = from;
  while (exponent <= exponent_max && !scaled(value, exponent)) ++exponent;
  return exponent;
}

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

}  // namespace berth::observe
