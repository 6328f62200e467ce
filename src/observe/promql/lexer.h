#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::promql {

struct Token {
  enum class Kind : std::uint8_t {
    end,
    identifier,  // a name without colons; keywords too
    metric,      // a name with colons
    number,
    duration,
    text,    // with its quotes
    symbol,  // an operator or a bracket
  };
  Kind kind = Kind::end;
  std::string_view text;
  std::size_t begin = 0;

  bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
  std::size_t end() const { return begin + text.size(); }
};

/// Cuts an expression into tokens, the last of kind end; comments and blanks are left out. invalid
/// as `parse_error` writes it.
Result<std::vector<Token>> cut_tokens(std::string_view text);

/// "1:5: parse error: MESSAGE", with line and column of that byte, both from 1, as Prometheus.
Error parse_error(std::string_view text, std::size_t at, std::string_view message);

/// "1h30m" in milliseconds: y, w, d, h, m, s, ms, larger ones first. invalid, and for one of more
/// than about 292 years.
Result<std::int64_t> read_duration(std::string_view text);
/// Decimal, hexadecimal, octal with a leading 0, with exponent, Inf, NaN.
Result<double> read_number(std::string_view text);
/// A string in "", '' or `` without its quotes, escapes resolved.
Result<std::string> read_text(std::string_view quoted);

}  // namespace berth::promql
