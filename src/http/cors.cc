#include <algorithm>
#include <memory>
#include <utility>

#include "http/middleware.h"

namespace berth::http {
namespace {

struct Layer {
  Handler handler;
  CorsOptions options;
  bool all = false;
};

void allow(ResponseHeaders& headers, const Layer& layer, std::string_view origin) {
  auto& options = layer.options;
  if (layer.all) {
    headers.set("access-control-allow-origin", "*");
    return;
  }
  headers.set("access-control-allow-origin", origin);
  if (options.credentials) headers.set("access-control-allow-credentials", "true");
}

ServerResponse preflight(const Layer& layer, std::string_view origin) {
  auto& options = layer.options;
  ServerResponse response{204, {}, {}};
  allow(response.headers, layer, origin);
  response.headers.emplace_back("access-control-allow-methods", options.methods);
  response.headers.emplace_back("access-control-allow-headers", options.headers);
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.keep_for).count();
  response.headers.emplace_back("access-control-max-age", std::to_string(seconds));
  return response;
}

Deferred<ServerResponse> answer(const Layer& layer, ServerRequest& request) {
  std::string origin(request.head.headers.value("origin"));
  auto& allowed = layer.options.origins;
  bool known =
      !origin.empty() && (layer.all || std::ranges::find(allowed, origin) != allowed.end());
  ServerResponse response;
  if (known && request.head.method == "OPTIONS" &&
      request.head.headers.find("access-control-request-method")) {
    response = preflight(layer, origin);
  } else {
    auto answered = co_await layer.handler(request).result();
    if (!answered.ok()) co_return std::move(answered);
    response = std::move(*answered);
    if (known) {
      allow(response.headers, layer, origin);
      if (!layer.options.exposed.empty()) {
        response.headers.set("access-control-expose-headers", layer.options.exposed);
      }
    }
  }
  if (!layer.all) response.headers.add_token("vary", "origin");
  co_return std::move(response);
}

}  // namespace

Handler with_cors(Handler handler, CorsOptions options) {
  bool all = std::ranges::find(options.origins, "*") != options.origins.end();
  auto layer = std::make_shared<const Layer>(std::move(handler), std::move(options), all);
  return [layer](ServerRequest& request) { return answer(*layer, request); };
}

}  // namespace berth::http
