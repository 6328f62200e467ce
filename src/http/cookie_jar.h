#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/cookie.h"
#include "http/message.h"
#include "http/url.h"

namespace berth::http {

struct CookieLimits {
  std::size_t per_domain_max = 50;
  std::size_t cookies_max = 3000;
  Duration lifetime_max = 400 * 24h;  // RFC 6265bis section 5.5
};

/// The cookies that servers have set (RFC 6265 section 5.3 and 5.4), in memory, of one user. A
/// plain value. Beyond a limit those that are over go first, then those that were used longest ago.
///
/// Of RFC 6265bis too: names that begin with __Secure- and __Host- are held to what they promise,
/// and a secure cookie is neither set nor replaced by plain http. A domain below which others are
/// registered ("com", "co.uk", "github.io") is refused, but for the host of that name itself; which
/// they are says the Public Suffix List, in libpsl's copy. SameSite is a browser's affair.
class CookieJar {
 public:
  explicit CookieJar(CookieLimits limits = {}) : limits_(limits) {}

  /// Takes the Set-Cookie fields of an answer to `url`; what may not be set is left out.
  void receive(const Url& url, const Headers& headers, WallTime now);
  /// One such field.
  void receive(const Url& url, std::string_view field, WallTime now);
  /// The Cookie field for a request to `url`: "a=1; b=2", longer paths first, then the older; empty
  /// if there is none.
  std::string field_for(const Url& url, WallTime now);

  std::size_t size() const { return size_; }
  void clear();

 private:
  struct Cookie {
    SetCookie set;
    bool host_only = true;
    WallTime expires{INT64_MAX};  // INT64_MAX: with the jar
    std::uint64_t created = 0;    // in the order of creation
    std::uint64_t used = 0;
  };
  using Domain = std::vector<Cookie>;

  bool may_set(const Url& url, SetCookie& cookie) const;
  void keep(Cookie cookie, bool secure_url);
  void remove_expired(WallTime now);
  void make_room(Domain& domain);

  CookieLimits limits_;
  std::map<std::string, Domain, std::less<>> domains_;
  std::size_t size_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace berth::http
