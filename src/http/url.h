#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace berth::http {

/// What a request needs of a URL.
struct Url {
  bool secure = false;     // https
  std::string name;        // the host alone, in small letters, without brackets: "users", "::1"
  std::uint16_t port = 0;  // 80 or 443 if it was left out
  Address address;         // of an IP address or localhost; family none: `name` must be resolved
  std::string host;        // as the Host header has it: "localhost:8000", "127.0.0.1"
  std::string target;      // path and query, "/" at least

  /// "http://users:7480": scheme, host and port, always with the port (RFC 6454 section 4).
  std::string origin() const;
  /// "http://users:7480/7?x=y", with the host as it was written.
  std::string text() const;
};

/// Reads "http://users:8000/path?query" and https (RFC 3986); a fragment is left out. Hosts are IP
/// addresses and names of letters, digits, '-', '_' and '.'; a name that ends in a number, and is
/// no IPv4 address, is refused, since readers differ about it. Invalid too: user and password, and
/// characters that a URL must have percent-encoded.
Result<Url> parse_url(std::string_view text);

/// What `reference` means where `base` was read, as of a Location field (RFC 3986 section 5.2): an
/// absolute URL, "//host/path", "/path", "path", "../path", "?query" or "". Bytes above 127 are
/// encoded. Errors: those of parse_url.
Result<Url> join_url(const Url& base, std::string_view reference);

/// A target with "name=value" pairs added to its query, encoded.
std::string add_query(std::string target,
                      const std::vector<std::pair<std::string, std::string>>& pairs);
/// "a=1&b=x%20y": application/x-www-form-urlencoded; a space as %20, which readers of '+' read too.
std::string encode_form(const std::vector<std::pair<std::string, std::string>>& pairs);

/// Decodes %XX; invalid for a broken escape or an encoded NUL. `plus_is_space` for queries and
/// forms.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
/// Encodes all but unreserved characters (RFC 3986 section 2.3).
std::string percent_encode(std::string_view text);
/// The decoded value of the first parameter `name` in "a=1&b=2"; empty if there is none or it is
/// broken.
std::string query_value(std::string_view query, std::string_view name);

}  // namespace berth::http
