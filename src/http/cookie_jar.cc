#include "http/cookie_jar.h"

#include <libpsl.h>

#include <algorithm>

#include "base/strings.h"

namespace berth::http {
namespace {

bool begins_ignoring_case(std::string_view text, std::string_view begin) {
  return equal_ignoring_case(text.substr(0, begin.size()), begin);
}

std::string_view path_of(const Url& url) {
  return std::string_view(url.target).substr(0, url.target.find('?'));
}

/// When it ends: Max-Age before Expires, and not beyond the longest life.
WallTime end_of(const SetCookie& cookie, WallTime now, Duration lifetime_max) {
  if (cookie.lifetime) return now + std::min(*cookie.lifetime, lifetime_max);
  if (cookie.expires) return std::min(*cookie.expires, now + lifetime_max);
  return WallTime{INT64_MAX};
}

/// Whether others register names below `domain`. A name without a dot counts as one, listed or not.
bool is_public_suffix(std::string domain) {
  if (domain.ends_with('.')) domain.pop_back();
  return domain.find('.') == domain.npos ||
         psl_is_public_suffix(psl_builtin(), domain.c_str()) != 0;
}

}  // namespace

void CookieJar::receive(const Url& url, const Headers& headers, WallTime now) {
  for (auto& header : headers) {
    if (header.name.size() == 10 && equal_ignoring_case(header.name, "set-cookie")) {
      receive(url, header.value, now);
    }
  }
}

bool CookieJar::may_set(const Url& url, SetCookie& cookie) const {
  if (!cookie.domain.empty()) {
    bool suffix = is_public_suffix(cookie.domain);
    if (suffix && cookie.domain == url.name) {
      cookie.domain.clear();
    } else if (suffix || !domain_matches(url.name, cookie.domain)) {
      return false;
    }
  }
  if (cookie.secure && !url.secure) return false;
  if (begins_ignoring_case(cookie.name, "__Secure-") && !cookie.secure) return false;
  if (begins_ignoring_case(cookie.name, "__Host-")) {
    return cookie.secure && cookie.path == "/" && cookie.domain.empty();
  }
  return true;
}

void CookieJar::receive(const Url& url, std::string_view field, WallTime now) {
  auto set = parse_set_cookie(field);
  if (!set || !may_set(url, *set)) return;
  Cookie cookie;
  cookie.set = std::move(*set);
  cookie.host_only = cookie.set.domain.empty();
  if (cookie.host_only) cookie.set.domain = url.name;
  if (cookie.set.path.empty()) cookie.set.path = default_cookie_path(url.target);
  cookie.expires = end_of(cookie.set, now, limits_.lifetime_max);
  cookie.created = cookie.used = ++count_;
  // One that is over already only removes the one before it.
  bool over = cookie.expires <= now;
  if (size_ >= limits_.cookies_max) remove_expired(now);
  keep(std::move(cookie), url.secure);
  if (over) remove_expired(now);
}

void CookieJar::keep(Cookie cookie, bool secure_url) {
  Domain& domain = domains_[cookie.set.domain];
  for (Cookie& old : domain) {
    if (old.set.name != cookie.set.name) continue;
    // What was set over TLS is not replaced, or covered, without it.
    if (old.set.secure && !secure_url && path_matches(cookie.set.path, old.set.path)) return;
    if (old.set.path != cookie.set.path || old.host_only != cookie.host_only) continue;
    cookie.created = old.created;
    old = std::move(cookie);
    return;
  }
  make_room(domain);
  domain.push_back(std::move(cookie));
  ++size_;
}

void CookieJar::make_room(Domain& domain) {
  auto longest_ago = [](Domain& of) {
    return std::ranges::min_element(of, {}, [](const Cookie& each) { return each.used; });
  };
  if (domain.size() >= limits_.per_domain_max && !domain.empty()) {
    domain.erase(longest_ago(domain));
    --size_;
  }
  while (size_ >= limits_.cookies_max && size_ > 0) {
    auto fullest =
        std::ranges::max_element(domains_, {}, [](const auto& each) { return each.second.size(); });
    fullest->second.erase(longest_ago(fullest->second));
    --size_;
  }
}

void CookieJar::remove_expired(WallTime now) {
  for (auto domain = domains_.begin(); domain != domains_.end();) {
    size_ -= std::erase_if(domain->second, [&](const Cookie& each) { return each.expires <= now; });
    domain = domain->second.empty() ? domains_.erase(domain) : std::next(domain);
  }
}

std::string CookieJar::field_for(const Url& url, WallTime now) {
  std::vector<Cookie*> found;
  std::string_view domain = url.name;
  for (;;) {
    auto cookies = domains_.find(domain);
    if (cookies != domains_.end() && domain_matches(url.name, domain)) {
      for (Cookie& each : cookies->second) {
        bool fits = (!each.host_only || domain == url.name) && each.expires > now &&
                    (!each.set.secure || url.secure) && path_matches(path_of(url), each.set.path);
        if (fits) found.push_back(&each);
      }
    }
    std::size_t dot = domain.find('.');
    if (dot == domain.npos) break;
    domain.remove_prefix(dot + 1);
  }
  std::ranges::sort(found, [](const Cookie* a, const Cookie* b) {
    if (a->set.path.size() != b->set.path.size()) return a->set.path.size() > b->set.path.size();
    return a->created < b->created;
  });
  std::string field;
  for (Cookie* each : found) {
    each->used = ++count_;
    field += (field.empty() ? "" : "; ") + each->set.name + "=" + each->set.value;
  }
  return field;
}

void CookieJar::clear() {
  domains_.clear();
  size_ = 0;
}

}  // namespace berth::http
