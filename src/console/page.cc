#include "console/page.h"

#include "console/access.h"
#include "http/negotiation.h"

namespace berth::console {
http::ServerResponse serve_page(const http::RequestHead& head) {
  for (const Asset& asset : assets()) {
    if (asset.path != head.path()) continue;
    bool zipped = http::accepts_coding(head.headers, "gzip");
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
    if (http::lists_etag(head.headers, "if-none-match", etag)) response.status = 304;
    if (zipped) response.headers.emplace_back("content-encoding", "gzip");
    response.body = http::Body(Bytes::literal(zipped ? asset.gzip : asset.bytes));
    return response;
  }
  return http::ServerResponse::problem(
      404, "there is no file " + std::string(head.path()) + " in the console's page");
}

}  // namespace berth::console
