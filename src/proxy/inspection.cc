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
#include "proxy/shard.h"
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

Json shown(const OpenSession::Shown& session) {
  Json one = Json::object();
  one.add_member("id", session.id);
  one.add_member("client", session.client.text());
  one.add_member("listener", session.frontend);
  one.add_member("asking", session.asking);
  one.add_member("seconds", seconds_of(session.age));
  one.add_member("service", session.service);
  one.add_member("instance", session.server);
  one.add_member("method", session.method);
  one.add_member("target", session.target);
  return one;
}

void add_sessions(const Proxy& proxy, std::vector<OpenSession::Shown>& to) {
  for (auto* session : proxy.sessions()) to.push_back(session->shown());
}

bool kill_session(const Proxy& proxy, std::uint64_t id) {
  for (auto* session : proxy.sessions()) {
    if (session->shown().id != id) continue;
    session->kill();
    return true;
  }
  return false;
}

/// Which answers are to be forgotten: all that is said must fit.
struct Purge {
  std::string service;  // empty: of all
  std::string tag;      // empty: with any
  std::string target;
  bool begins = false;  // with `target`

  bool takes(const CachedAnswer& answer) const {
    bool tagged = tag.empty() || std::ranges::find(answer.tags, tag_hash(tag)) != answer.tags.end();
    std::string_view at = answer.target;
    bool there = (target.empty() && !begins) || (begins ? at.starts_with(target) : at == target);
    return tagged && there;
  }
  std::uint64_t of(const Proxy& proxy) const {
    std::uint64_t gone = 0;
    for (auto& [name, pool] : proxy.pools()) {
      if (!service.empty() && name != service) continue;
      gone += pool->cache().purge([&](const CachedAnswer& answer) { return takes(answer); });
    }
    return gone;
  }
};

void add_minutes(const Proxy& proxy, std::vector<Remarkable::Minute>& to) {
  for (auto* minute : proxy.remarkable().minutes()) {
    auto same = std::ranges::find(to, minute->begins, &Remarkable::Minute::begins);
    if (same == to.end()) same = to.insert(to.end(), {.begins = minute->begins});
    same->requests += minute->requests;
    same->failures += minute->failures;
    auto add = [](auto& list, auto& from, std::size_t count) {
      list.insert(list.end(), from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
    };
    add(same->slowest, minute->slowest, minute->slowest_count);
    add(same->failed, minute->failed, minute->failed_count);
  }
}

Json shown(Remarkable::Minute minute) {
  std::ranges::sort(minute.slowest, std::greater(), &Remarkable::Request::total);
  std::ranges::stable_sort(minute.failed, {}, &Remarkable::Request::accepted);
  auto first = [](auto& list, std::size_t most) {
    Json out = Json::array();
    for (auto& each : list) {
      if (most-- == 0) break;
      out.add(shown(each));
    }
    return out;
  };
  Json one = Json::object();
  one.add_member("minute", write_timestamp(WallTime{minute.begins}, 0));
  one.add_member("requests", minute.requests);
  one.add_member("failures", minute.failures);
  one.add_member("slowest", first(minute.slowest, Remarkable::slowest_max));
  one.add_member("failed", first(minute.failed, Remarkable::failed_max));
  return one;
}

}  // namespace

Inspection::Inspection(World& world, Proxy& proxy, const Counts& counts, Siblings& siblings)
    : world_(world),
      proxy_(proxy),
      counts_(counts),
      siblings_(siblings),
      begun_(world.clock.now()) {}

Deferred<ProxyState> Inspection::state() {
  return gathered(siblings_, ProxyState::of(proxy_, counts_), [](ProxyState& all, Shard& shard) {
    all.add(ProxyState::of(shard.proxy(), shard.counts()));
  });
}

void Inspection::add_figures(http::Router& router, std::function<std::string()> more) {
  router.add("GET", "/metrics",
             [this, more = std::move(more)](http::ServerRequest&) { return metrics(more); });
  router.add("GET", "/stats;csv", [this](http::ServerRequest&) {
    return state().then([](const ProxyState& state) {
      auto answer = http::ServerResponse::text(stats_csv(state));
      answer.headers.set("content-type", "text/plain; charset=utf-8");
      return answer;
    });
  });
  router.add("GET", "/v1/stats", [this](http::ServerRequest&) {
    return state().then([](const ProxyState& state) {
      return http::ServerResponse::json_value(stats_json(state));
    });
  });
}

Deferred<http::ServerResponse> Inspection::metrics(const std::function<std::string()>& more) {
  auto state = co_await this->state();
  std::string text = metrics_text(state, world_.clock.now() - begun_);
  if (more) text += more();
  auto answer = http::ServerResponse::text(std::move(text));
  answer.headers.set("content-type", "text/plain; version=0.0.4; charset=utf-8");
  co_return answer;
}

void Inspection::add_requests(http::Router& router) {
  router.add("GET", "/v1/sessions", [this](http::ServerRequest&) { return sessions(); });
  router.add("DELETE", "/v1/sessions/:id",
             [this](http::ServerRequest& request) { return kill(request); });
  router.add("POST", "/v1/cache/purge",
             [this](http::ServerRequest& request) { return purge(request); });
  router.add("GET", "/v1/slow", [this](http::ServerRequest& request) { return slow(request); });
}

Deferred<http::ServerResponse> Inspection::sessions() {
  using Sessions = std::vector<OpenSession::Shown>;
  Sessions own;
  add_sessions(proxy_, own);
  auto asking = gathered(siblings_, std::move(own), [](Sessions& sessions, Shard& shard) {
    add_sessions(shard.proxy(), sessions);
  });
  Json all = Json::array();
  for (auto& each : co_await std::move(asking)) all.add(shown(each));
  Json out = Json::object();
  out.add_member("sessions", std::move(all));
  co_return http::ServerResponse::json_value(out);
}

Deferred<http::ServerResponse> Inspection::kill(http::ServerRequest& request) {
  auto id = parse_integer<std::uint64_t>(request.parameter("id"));
  bool killed = id.ok() && kill_session(proxy_, *id);
  if (id.ok() && !killed) {
    auto asking = gathered(siblings_, false, [id = *id](bool& done, Shard& shard) {
      done = done || kill_session(shard.proxy(), id);
    });
    killed = co_await std::move(asking);
  }
  if (!killed) co_return http::ServerResponse::problem(404, "there is no such session");
  Json out = Json::object();
  out.add_member("killed", *id);
  co_return http::ServerResponse::json_value(out);
}

/// ?service=users&tag=a&target=/x (with "*" at its end: all that begin so); without any, all.
Deferred<http::ServerResponse> Inspection::purge(http::ServerRequest& request) {
  Purge purge{request.query("service"), request.query("tag"), request.query("target")};
  purge.begins = purge.target.ends_with('*');
  if (purge.begins) purge.target.pop_back();
  if (!purge.service.empty() && !proxy_.pools().contains(purge.service))
    co_return http::ServerResponse::problem(404, "there is no service " + purge.service);
  auto purging = gathered(siblings_, purge.of(proxy_), [purge](std::uint64_t& count, Shard& shard) {
    count += purge.of(shard.proxy());
  });
  std::uint64_t gone = co_await std::move(purging);
  Json out = Json::object();
  out.add_member("purged", gone);
  out.add_member(
      "text", std::to_string(gone) + (gone == 1 ? " answer was" : " answers were") + " forgotten");
  co_return http::ServerResponse::json_value(out);
}

Deferred<http::ServerResponse> Inspection::slow(http::ServerRequest& request) {
  auto count = parse_integer<std::size_t>(request.query("minutes"), 1);
  std::size_t most = count.ok() ? *count : Remarkable::minutes_max;
  using Minutes = std::vector<Remarkable::Minute>;
  Minutes own;
  add_minutes(proxy_, own);
  auto asking = gathered(siblings_, std::move(own), [](Minutes& minutes, Shard& shard) {
    add_minutes(shard.proxy(), minutes);
  });
  Minutes minutes = co_await std::move(asking);
  std::ranges::sort(minutes, std::greater(), &Remarkable::Minute::begins);
  Json list = Json::array();
  for (auto& minute : minutes) {
    if (most-- == 0) break;
    list.add(shown(std::move(minute)));
  }
  Json out = Json::object();
  out.add_member("minutes", std::move(list));
  co_return http::ServerResponse::json_value(out);
}

}  // namespace berth::proxy
