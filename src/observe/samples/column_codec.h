#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::observe {

// Columns of samples as bytes, made for zstd behind them: small differences become small bytes that
// are alike, so that its entropy coder sees them (docs/formats/samples.md).

/// Ascending times: the first as it is, then the first difference, then differences of differences.
std::string encode_times(std::span<const std::int64_t> times);
/// Takes `count` of them from the front; invalid if they are damaged.
Result<std::vector<std::int64_t>> take_times(std::string_view& text, std::size_t count);

/// Values in the shortest of these forms: one for all; differences of decimal numbers of few
/// digits, or differences of those, with exceptions apart; bytes of equal weight together. Every
/// bit comes back, of NaNs too.
std::string encode_values(std::span<const double> values);
Result<std::vector<double>> take_values(std::string_view& text, std::size_t count);

}  // namespace berth::observe
