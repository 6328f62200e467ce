#include "console/access.h"

#include "base/strings.h"
#include "http/url.h"

namespace berth::console {
namespace {

using http::RequestHead;
using http::ServerResponse;

bool needs_no_token(const RequestHead& head) {
  auto path = head.path();
  bool reads = head.method == "GET" || head.method == "HEAD";
  return reads && (path == "/" || path.starts_with("/assets/") || path == "/v1/health");
}

constexpr std::string_view wrong_token_page =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Berth</title>"
    "<h1>This is not the token of this system</h1>"
    "<p>Open the whole address that <code>berth dev</code> printed when it started; it ends in "
    "<code>?token=\xe2\x80\xa6</code>. Each system has a token of its own.</p></html>";

}  // namespace

Access::Access(std::string token, std::uint16_t port)
    : token_(std::move(token)), port_(std::to_string(port)), cookie_name_("berth_token_" + port_) {}

bool Access::known_host(std::string_view host) const {
  std::size_t colon = host.rfind(':');
  bool has_port = colon != host.npos && host.find(']', colon) == host.npos;
  std::string_view name = has_port ? host.substr(0, colon) : host;
  std::string_view port = has_port ? host.substr(colon + 1) : "80";
  return port == port_ &&
         (name == "127.0.0.1" || name == "[::1]" || equal_ignoring_case(name, "localhost"));
}

bool Access::is_token(std::string_view given) const {
  // Takes as long for a token that is right at first as for one that is all wrong.
  unsigned difference = given.size() == token_.size() ? 0 : 1;
  for (std::size_t i = 0; i < token_.size(); ++i) {
    auto other = i < given.size() ? static_cast<unsigned char>(given[i]) : 0u;
    difference |= other ^ static_cast<unsigned char>(token_[i]);
  }
  return difference == 0 && !token_.empty();
}

std::string_view Access::cookie(const RequestHead& head) const {
  for (auto& header : head.headers) {
    if (!equal_ignoring_case(header.name, "cookie")) continue;
    for (auto pair : split(header.value, ';')) {
      auto parts = split_once(trim(pair), '=');
      if (parts && parts->first == cookie_name_) return parts->second;
    }
  }
  return {};
}

std::optional<ServerResponse> Access::refuse(const RequestHead& head) const {
  std::string_view host = head.headers.value("host");
  if (!known_host(host) || (!head.authority.empty() && !known_host(head.authority))) {
    return ServerResponse::problem(
        403, "this address is not known here; use http://127.0.0.1:" + port_ + " or localhost");
  }
  auto* origin = head.headers.find("origin");
  if (origin && !equal_ignoring_case(origin->value, "http://" + std::string(host))) {
    return ServerResponse::problem(403, "a page of another site may not ask Berth");
  }
  if (needs_no_token(head)) return std::nullopt;
  std::optional<ServerResponse> unknown = ServerResponse::problem(
      401,
      "this needs the token of the system: open the address that berth dev printed, or send "
      "'Authorization: Bearer TOKEN'");
  unknown->headers.emplace_back("www-authenticate", "Bearer");
  if (auto* authorization = head.headers.find("authorization")) {
    auto parts = split_once(trim(authorization->value), ' ');
    bool good =
        parts && equal_ignoring_case(parts->first, "bearer") && is_token(trim(parts->second));
    return good ? std::nullopt : std::move(unknown);
  }
  if (!is_token(cookie(head))) return unknown;
  // A browser tells the origin of everything but reads and old forms: what comes with its cookie
  // and tells none is not let change anything.
  if (head.method != "GET" && head.method != "HEAD" && !origin) {
    return ServerResponse::problem(403, "a change that comes with a cookie must tell its Origin");
  }
  return std::nullopt;
}

std::optional<ServerResponse> Access::enter(const RequestHead& head) const {
  if (head.method != "GET" || head.path() != "/") return std::nullopt;
  bool given = false;
  for (auto pair : split(head.query(), '&')) given |= pair.substr(0, pair.find('=')) == "token";
  if (!given) return std::nullopt;
  if (!is_token(http::query_value(head.query(), "token"))) {
    ServerResponse page{
        401,
        {{"content-type", "text/html; charset=utf-8"}, {"cache-control", "no-store"}},
        http::Body(Bytes::literal(wrong_token_page))};
    add_page_headers(page);
    return page;
  }
  ServerResponse entered{
      303,
      {{"location", "/"},
       {"cache-control", "no-store"},
       {"set-cookie", cookie_name_ + "=" + token_ + "; HttpOnly; SameSite=Strict; Path=/"}},
      {}};
  add_page_headers(entered);
  return entered;
}

void add_page_headers(ServerResponse& response) {
  response.headers.emplace_back(
      "content-security-policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.headers.emplace_back("x-content-type-options", "nosniff");
  response.headers.emplace_back("referrer-policy", "no-referrer");
}

}  // namespace berth::console
