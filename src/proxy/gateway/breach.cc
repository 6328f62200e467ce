#include "proxy/gateway/breach.h"

#include "base/strings.h"

namespace berth::proxy::gateway {
namespace {

/// The host in "https://a.example:8443/path".
std::string_view host_in(std::string_view url) {
  auto slashes = url.find("://");
  if (slashes == url.npos) return {};
  url.remove_prefix(slashes + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

bool sent_by_itself(std::string_view authorization) {
  constexpr std::string_view bearer = "bearer ";
  return authorization.size() < bearer.size() ||
         !equal_ignoring_case(authorization.substr(0, bearer.size()), bearer);
}

}  // namespace

bool risks_breach(const http::RequestHead& request) {
  auto& headers = request.headers;
  auto* authorization = headers.find("authorization");
  bool credentials =
      headers.find("cookie") || (authorization && sent_by_itself(authorization->value));
  if (!credentials) return false;
  if (auto* site = headers.find("sec-fetch-site")) return site->value == "cross-site";
  auto* page = headers.find("origin");
  if (!page) page = headers.find("referer");
  return !page || !equal_ignoring_case(host_in(page->value), request.host());
}

}  // namespace berth::proxy::gateway
