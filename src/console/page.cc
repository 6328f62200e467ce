#include "console/page.h"

#include "base/strings.h"
#include "console/access.h"

namespace berth::console {
namespace {

/// True if "gzip" is accepted (RFC 9110 section 12.5.3); a weight of 0 refuses it.
bool accepts_gzip(const http::RequestHead& head) {
  for (auto element : split(head.headers.value("accept-encoding"), ',')) {
    auto parts = split(element, ';');
    if (!equal_ignoring_case(trim(parts.front()), "gzip")) continue;
    for (auto& part : parts) {
      auto weight = trim(part);
      if (!weight.starts_with("q=")) continue;
      if (weight.find_first_not_of("0.", 2) == weight.npos) return false;
    }
    return true;
  }
  return false;
}

/// True if one of the etags in If-None-Match is `etag`, compared weakly, or it is "*".
bool is_known(const http::RequestHead& head, std::string_view etag) {
  for (auto element : split(head.headers.value("if-none-match"), ',')) {
    auto known = trim(element);
    if (known.starts_with("W/")) known.remove_prefix(2);
    if (known == etag || known == "*") return true;
  }
  return false;
}

}  // namespace

http::ServerResponse serve_page(const http::RequestHead& head) {
  for (const Asset& asset : assets()) {
    if (asset.path != head.path()) continue;
    bool zipped = accepts_gzip(head);
    // The gzip'd form is another sequence of bytes, so a strong etag of its own.
    std::string etag(asset.etag);
    if (zipped) etag.insert(etag.size() - 1, "-gzip");
    http::ServerResponse response;
    response.headers = {
        {"content-type", http::Text::literal(asset.type)},
        {"etag", etag},
        {"vary", "accept-encoding"},
        {"cache-control",
         http::Text::literal(asset.path == "/" ? "no-cache"
                                               : "public, max-age=31536000, immutable")}};
    add_page_headers(response);
    // The server sends no body with a 304, but its length as it would be.
    if (is_known(head, etag)) response.status = 304;
    if (zipped) response.headers.emplace_back("content-encoding", "gzip");
    response.body = http::Body(Bytes::literal(zipped ? asset.gzip : asset.bytes));
    return response;
  }
  return http::ServerResponse::problem(
      404, "there is no file " + std::string(head.path()) + " in the console's page");
}

}  // namespace berth::console
