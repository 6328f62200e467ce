#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/content.h"
#include "http/url.h"

namespace berth::http {

/// One request of a session, before it is made into bytes: what a redirect changes.
struct Ask {
  std::string method = "GET";
  Url url;
  std::vector<std::pair<std::string, std::string>> headers;
  Content content;
  std::string authorization;
};

/// Makes of `ask` what is asked next after an answer of `status` with a Location (RFC 9110 section
/// 15.4); false: it is no redirect, and stands. 303 becomes a GET, as does POST at 301 and 302, and
/// loses its content; 307 and 308 repeat it as it was. Towards another origin (scheme, host, port)
/// Authorization, Cookie and Proxy-Authorization are left behind, for good. invalid: a Location
/// that is no URL of http or https; conflict: content that can be sent only once.
Result<bool> follow_redirect(Ask& ask, int status, std::string_view location);

}  // namespace berth::http
