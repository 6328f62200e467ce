#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace berth::proxy {

/// A date of HTTP (RFC 9110 section 5.6.7) in any of its three forms: "Sun, 06 Nov 1994 08:49:37
/// GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994". Two digits of a year that
/// would be more than 50 years after `now` are of the century before. Nothing for what is none.
std::optional<WallTime> parse_http_date(std::string_view text, WallTime now);
/// The first of the three forms.
void append_http_date(std::string& out, WallTime time);

}  // namespace berth::proxy
