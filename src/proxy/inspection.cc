#include "proxy/inspection.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "async/clock.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/timestamp.h"
#include "proxy/metrics.h"
#include "proxy/open_session.h"
#include "proxy/stats.h"

namespace berth::proxy {
namespace {

double milliseconds(std::int64_t nanoseconds) {
  return nanoseconds < 0 ? -1 : static_cast<double>(nanoseconds / 1000) / 1000;
}

Json shown(const Remarkable::Request& request) {
  Json one = Json::object();
  one.add_member("at", write_timestamp(WallTime{request.accepted}, 3));
  one.add_member("client", request.client);
  one.add_member("listener", request.frontend);
  one.add_member("service", request.backend);
  one.add_member("instance", request.server);
  one.add_member("caller", request.caller);
  one.add_member("method", request.method);
  one.add_member("target", request.target);
  one.add_member("status", std::uint64_t{request.status});
  one.add_member("termination",
                 std::string(request.termination.data(), request.termination.size()));
  one.add_member("retries", std::uint64_t{request.retries});
  one.add_member("bytes_in", request.bytes_in);
  one.add_member("bytes_out", request.bytes_out);
  Json times = Json::object();  // in milliseconds; -1: not reached
  times.add_member("request", milliseconds(request.request));
  times.add_member("queue", milliseconds(request.waiting));
  times.add_member("connect", milliseconds(request.connecting));
  times.add_member("response", milliseconds(request.response));
  times.add_member("total", milliseconds(request.total));
  one.add_member("ms", std::move(times));
  for (auto [name, text] : {std::pair("asked", &request.asked), {"answered", &request.answered}}) {
    Json lines = Json::array();
    for (auto line : split(*text, '\n')) {
      if (!line.empty()) lines.add(std::string(line));
    }
    one.add_member(name, std::move(lines));
  }
  return one;
}

}  // namespace

Inspection::Inspection(World& world, Proxy& proxy, const Counts& counts)
    : world_(world), proxy_(proxy), counts_(counts), begun_(world.clock.now()) {}

void Inspection::add_figures(http::Router& router, std::function<std::string()> more) {
  router.add("GET", "/metrics", [this, more = std::move(more)](http::ServerRequest&) {
    Duration uptime = world_.clock.now() - begun_;
    std::string text = metrics_text(proxy_, counts_, uptime);
    if (more) text += more();
    auto answer = http::ServerResponse::text(std::move(text));
    answer.headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8");
    return ready(std::move(answer));
  });
  router.add("GET", "/stats;csv", [this](http::ServerRequest&) {
    auto answer = http::ServerResponse::text(stats_csv(proxy_, counts_));
    answer.headers.set("content-type", "text/plain; charset=utf-8");
    return ready(std::move(answer));
  });
  router.add("GET", "/v1/stats", [this](http::ServerRequest&) {
    return ready(http::ServerResponse::json_value(stats_json(proxy_, counts_)));
  });
}

void Inspection::add_requests(http::Router& router) {
  router.add("GET", "/v1/sessions", [this](http::ServerRequest&) { return ready(sessions()); });
  router.add("DELETE", "/v1/sessions/:id",
             [this](http::ServerRequest& request) { return ready(kill(request)); });
  router.add("POST", "/v1/cache/purge",
             [this](http::ServerRequest& request) { return ready(purge(request)); });
  router.add("GET", "/v1/slow",
             [this](http::ServerRequest& request) { return ready(slow(request)); });
}

http::ServerResponse Inspection::sessions() const {
  Json all = Json::array();
  for (auto* session : proxy_.sessions()) {
    auto shown = session->shown();
    Json one = Json::object();
    one.add_member("id", shown.id);
    one.add_member("client", shown.client.text());
    one.add_member("listener", shown.frontend);
    one.add_member("asking", shown.asking);
    one.add_member("seconds", seconds_of(shown.age));
    one.add_member("service", shown.service);
    one.add_member("instance", shown.server);
    one.add_member("method", shown.method);
    one.add_member("target", shown.target);
    all.add(std::move(one));
  }
  Json out = Json::object();
  out.add_member("sessions", std::move(all));
  return http::ServerResponse::json_value(out);
}

http::ServerResponse Inspection::kill(http::ServerRequest& request) {
  auto id = parse_integer<std::uint64_t>(request.parameter("id"));
  for (auto* session : proxy_.sessions()) {
    if (!id.ok() || session->shown().id != *id) continue;
    session->kill();
    Json out = Json::object();
    out.add_member("killed", *id);
    return http::ServerResponse::json_value(out);
  }
  return http::ServerResponse::problem(404, "there is no such session");
}

/// ?service=users&tag=a&target=/x (with "*" at its end: all that begin so); without any, all. All
/// that is said must fit.
http::ServerResponse Inspection::purge(http::ServerRequest& request) {
  std::string service = request.query("service");
  std::string tag = request.query("tag");
  std::string target = request.query("target");
  bool begins = target.ends_with('*');
  if (begins) target.pop_back();
  if (!service.empty() && !proxy_.pools().contains(service))
    return http::ServerResponse::problem(404, "there is no service " + service);
  auto takes = [&](const CachedAnswer& answer) {
    bool tagged = tag.empty() || std::ranges::find(answer.tags, tag_hash(tag)) != answer.tags.end();
    std::string_view at = answer.target;
    bool there = (target.empty() && !begins) || (begins ? at.starts_with(target) : at == target);
    return tagged && there;
  };
  std::uint64_t gone = 0;
  for (auto& [name, pool] : proxy_.pools()) {
    if (service.empty() || name == service) gone += pool->cache().purge(takes);
  }
  Json out = Json::object();
  out.add_member("purged", gone);
  out.add_member(
      "text", std::to_string(gone) + (gone == 1 ? " answer was" : " answers were") + " forgotten");
  return http::ServerResponse::json_value(out);
}

http::ServerResponse Inspection::slow(http::ServerRequest& request) const {
  auto count = parse_integer<std::size_t>(request.query("minutes"), 1);
  std::size_t most = count.ok() ? *count : Remarkable::minutes_max;
  Json minutes = Json::array();
  for (auto* minute : std::as_const(proxy_).remarkable().minutes()) {
    if (most-- == 0) break;
    Json one = Json::object();
    one.add_member("minute", write_timestamp(WallTime{minute->begins}, 0));
    one.add_member("requests", minute->requests);
    one.add_member("failures", minute->failures);
    std::vector<const Remarkable::Request*> slowest;
    for (std::size_t i = 0; i < minute->slowest_count; ++i) slowest.push_back(&minute->slowest[i]);
    std::ranges::sort(slowest, std::greater(), [](auto* each) { return each->total; });
    Json list = Json::array();
    for (auto* each : slowest) list.add(shown(*each));
    one.add_member("slowest", std::move(list));
    Json failed = Json::array();
    for (std::size_t i = 0; i < minute->failed_count; ++i) failed.add(shown(minute->failed[i]));
    one.add_member("failed", std::move(failed));
    minutes.add(std::move(one));
  }
  Json out = Json::object();
  out.add_member("minutes", std::move(minutes));
  return http::ServerResponse::json_value(out);
}

}  // namespace berth::proxy
