#include "http/router.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "http/url.h"

namespace berth::http {
namespace {

/// The segments of a path as they stand there: views, without an allocation.
struct Segments {
  // Not cleared: only the first `count` of `all` are anything.
  explicit Segments(std::string_view path) {  // NOLINT(*-member-init)
    path.remove_prefix(1);
    for (;;) {
      std::size_t slash = path.find('/');
      if (count == all.size()) {
        too_many = true;
        return;
      }
      all[count++] = {path.data(), std::min(slash, path.size())};
      if (slash == path.npos) return;
      path.remove_prefix(slash + 1);
    }
  }
  struct Segment {
    const char* data;
    std::size_t size;
    operator std::string_view() const { return {data, size}; }
  };
  std::string_view operator[](std::size_t i) const { return all[i]; }

  std::array<Segment, Router::segments_max> all;
  std::size_t count = 0;
  bool too_many = false;
};

/// How well it fits: -1 not at all, else the number of exact segments.
int fit(const std::vector<std::string>& pattern, const Segments& path) {
  if (pattern.size() != path.count) return -1;
  int exact = 0;
  for (std::size_t i = 0; i < path.count; ++i) {
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

/// Decodes the segments, into `texts` where that changes them.
Result<void> decode(Segments& path, std::vector<std::string>& texts) {
  texts.reserve(path.count);
  for (auto& segment : std::span(path.all).first(path.count)) {
    if (!std::string_view(segment).contains('%')) continue;
    auto& text = texts.emplace_back(TRY(percent_decode(segment)));
    segment = {text.data(), text.size()};
  }
  return {};
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Server::Handler handler) {
  Route route{std::string(method), {}, std::move(handler)};
  for (auto piece : split(pattern.substr(1), '/')) route.segments.emplace_back(piece);
  check(route.segments.size() <= segments_max, "a route's pattern has too many segments");
  routes_.push_back(std::move(route));
}

Deferred<ServerResponse> Router::route(ServerRequest& request) const {
  std::string_view target = request.head.path();
  if (!target.starts_with('/')) {
    return ready(ServerResponse::problem(404, "there is no such path"));
  }
  Segments path(target);
  std::vector<std::string> decoded;
  if (target.contains('%')) {
    if (auto result = decode(path, decoded); !result.ok()) {
      return ready(ServerResponse::problem(result.error()));
    }
  }
  const Route* best = nullptr;
  int best_fit = -1;
  bool known = false;
  std::string_view method = request.head.method == "HEAD" ? "GET" : request.head.method;
  for (auto& route : routes_) {
    int fits = path.too_many ? -1 : fit(route.segments, path);
    if (fits < 0) continue;
    known = true;
    if (route.method == method && fits > best_fit) {
      best = &route;
      best_fit = fits;
    }
  }
  if (!known) {
    return ready(ServerResponse::problem(404, "there is nothing at " + std::string(target)));
  }
  if (!best) {
    std::string allowed;
    for (auto& route : routes_) {
      if (fit(route.segments, path) < 0) continue;
      allowed += (allowed.empty() ? "" : ", ") + route.method;
    }
    auto refused = ServerResponse::problem(405, "this path takes " + allowed);
    refused.headers.emplace_back("allow", allowed);
    return ready(std::move(refused));
  }
  for (std::size_t i = 0; i < path.count; ++i) {
    if (best->segments[i].starts_with(':')) {
      request.parameters.emplace_back(std::string_view(best->segments[i]).substr(1), path[i]);
    }
  }
  return best->handler(request);
}

}  // namespace berth::http
