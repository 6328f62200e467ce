#pragma once

#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace berth::http {

/// What a request needs of a URL.
struct Url {
  Address address;
  std::string host;    // as the Host header has it: "localhost:8000", "127.0.0.1"
  std::string target;  // path and query, "/" at least
};

/// Reads "http://127.0.0.1:8000/path?query" (RFC 3986); a fragment is left out, port 80 is the
/// default. Hosts are IP addresses and localhost: other names, and https, are unsupported yet.
/// Invalid: user and password, and characters that a URL must have percent-encoded.
Result<Url> parse_url(std::string_view text);

/// Decodes %XX; invalid for a broken escape or an encoded NUL. `plus_is_space` for queries and
/// forms.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
/// Encodes all but unreserved characters (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);
/// The decoded value of the first parameter `name` in "a=1&b=2"; empty if there is none or it is
/// broken.
std::string query_value(std::string_view query, std::string_view name);

}  // namespace berth::http
