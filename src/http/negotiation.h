#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "http/message.h"

namespace berth::http {

/// True if Accept-Encoding names `coding` with a weight above 0 (RFC 9110 section 12.5.3).
bool accepts_coding(const Headers& headers, std::string_view coding);

/// The coding of `offered` that Accept-Encoding likes best, the first of those it likes the same;
/// empty for none, which is what to send as it is: also where it asks for nothing, or likes that
/// better (section 12.5.3). Weights are read in thousandths; what is no weight counts as 1.
std::string_view choose_coding(const Headers& headers, std::span<const std::string_view> offered);

/// True if the field `name` (If-None-Match, If-Match) lists `etag` or is "*". Compared weakly, or
/// `strong`: then weak ones are never equal (section 8.8.3.2).
bool lists_etag(const Headers& headers, std::string_view name, std::string_view etag,
                bool strong = false);

/// What of `size` bytes a Range field asks for (section 14.2).
struct RangeChoice {
  enum class Kind : std::uint8_t { whole, part, unsatisfiable };
  Kind kind = Kind::whole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};
/// Whole for no field, another unit, several ranges and what is no range: a server may ignore them.
RangeChoice choose_range(std::string_view field, std::uint64_t size);

}  // namespace berth::http
