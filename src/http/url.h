#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::http {

/// Decodes %XX; invalid for a broken escape or an encoded NUL. `plus_is_space` for queries and
/// forms.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
/// Encodes all but unreserved characters (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);
/// The decoded value of the first parameter `name` in "a=1&b=2"; empty if there is none or it is
/// broken.
std::string query_value(std::string_view query, std::string_view name);

}  // namespace berth::http
