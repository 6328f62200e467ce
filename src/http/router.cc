#include "http/router.h"

#include "base/strings.h"
#include "http/url.h"

namespace berth::http {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  for (auto piece : split(path.substr(1), '/')) segments.emplace_back(piece);
  return segments;
}

/// How well it fits: -1 not at all, else the number of exact segments.
int fit(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return -1;
  int exact = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i].starts_with(':')) {
      if (path[i].empty()) return -1;
    } else if (pattern[i] != path[i]) {
      return -1;
    } else {
      ++exact;
    }
  }
  return exact;
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Server::Handler handler) {
  routes_.push_back({std::string(method), segments_of(pattern), std::move(handler)});
}

Deferred<ServerResponse> Router::route(ServerRequest& request) const {
  if (!request.head.path().starts_with('/')) {
    return ready(ServerResponse::problem(404, "there is no such path"));
  }
  auto path = segments_of(request.head.path());
  for (auto& segment : path) {
    auto decoded = percent_decode(segment);
    if (!decoded.ok()) return ready(ServerResponse::problem(decoded.error()));
    segment = std::move(*decoded);
  }
  const Route* best = nullptr;
  int best_fit = -1;
  std::string allowed;
  std::string_view method = request.head.method == "HEAD" ? "GET" : request.head.method;
  for (auto& route : routes_) {
    int fits = fit(route.segments, path);
    if (fits < 0) continue;
    allowed += (allowed.empty() ? "" : ", ") + route.method;
    if (route.method == method && fits > best_fit) {
      best = &route;
      best_fit = fits;
    }
  }
  if (!best && allowed.empty()) {
    return ready(
        ServerResponse::problem(404, "there is nothing at " + std::string(request.head.path())));
  }
  if (!best) {
    auto refused = ServerResponse::problem(405, "this path takes " + allowed);
    refused.headers.emplace_back("allow", allowed);
    return ready(std::move(refused));
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (best->segments[i].starts_with(':')) {
      request.parameters.emplace_back(best->segments[i].substr(1), path[i]);
    }
  }
  return best->handler(request);
}

}  // namespace berth::http
