#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace berth::http {

/// What a Set-Cookie field says (RFC 6265 section 5.2), without the attributes that only a browser
/// follows.
struct SetCookie {
  std::string name;
  std::string value;
  std::string domain;                // in small letters, without a leading dot; empty: not said
  std::string path;                  // empty: not said
  std::optional<WallTime> expires;   // of Expires
  std::optional<Duration> lifetime;  // of Max-Age, which goes before Expires; zero: is over
  bool secure = false;
  bool http_only = false;
};

/// Nothing where the field is to be ignored: without a name, with control characters, or with name
/// and value longer than 4096 bytes together.
std::optional<SetCookie> parse_set_cookie(std::string_view field);

/// A date as cookies have it, in whatever form (RFC 6265 section 5.1.1).
std::optional<WallTime> parse_cookie_date(std::string_view text);

/// True if `host` is `domain` or below it; an IP address is only itself (section 5.1.3).
bool domain_matches(std::string_view host, std::string_view domain);
/// True if `path` is `cookie_path` or below it (section 5.1.4).
bool path_matches(std::string_view path, std::string_view cookie_path);
/// The path of a cookie that says none (section 5.1.4): "/a/b?c" has "/a".
std::string_view default_cookie_path(std::string_view target);

}  // namespace berth::http
