#include "proxy/control_site.h"

#include <algorithm>
#include <map>

#include "async/clock.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/units.h"
#include "proxy/session.h"

namespace berth::proxy {
namespace {

std::string_view word_of(catalog::Health health) {
  switch (health) {
    case catalog::Health::starting:
      return "starting";
    case catalog::Health::healthy:
      return "healthy";
    case catalog::Health::unhealthy:
      return "unhealthy";
    case catalog::Health::draining:
      return "draining";
  }
  return "";
}

}  // namespace

ControlSite::ControlSite(World& world, Log log, Alone& alone)
    : world_(world), log_(log), alone_(alone), inspection_(world, alone.proxy(), alone.counts()) {
  for (auto* router : {&metrics_router_, &control_router_}) {
    inspection_.add_figures(*router, [this] { return alone_.certificates().metrics(); });
  }
  add_control();
}

void ControlSite::add_control() {
  using Order = Alone::Order;
  auto& router = control_router_;
  inspection_.add_requests(router);
  router.add("GET", "/v1/state", [this](http::ServerRequest&) { return ready(state()); });
  router.add("GET", "/v1/log",
             [this](http::ServerRequest& request) { return ready(log(request)); });
  router.add("GET", "/v1/handover", [this](http::ServerRequest&) {
    return ready(http::ServerResponse::json_value(alone_.handover()));
  });
  router.add("GET", "/v1/certificates",
             [this](http::ServerRequest&) { return ready(certificates()); });
  router.add("POST", "/v1/certificates/:name/renew",
             [this](http::ServerRequest& request) { return ready(renew(request)); });
  router.add("POST", "/v1/upgrade", [this](http::ServerRequest&) { return upgrade(); });
  router.add("POST", "/v1/instances/:service/:number/weight",
             [this](http::ServerRequest& request) { return ready(weigh(request)); });
  router.add("POST", "/v1/instances/:service/:number/eject",
             [this](http::ServerRequest& request) { return ready(eject(request)); });
  auto orders = {std::pair("drain", Order::drained), std::pair("disable", Order::disabled),
                 std::pair("enable", Order::as_checked)};
  for (auto [word, order] : orders) {
    router.add("POST", std::string("/v1/instances/:service/:number/") + word,
               [this, order](http::ServerRequest& request) { return this->order(request, order); });
  }
}

Result<void> ControlSite::set(const Address& metrics, const Address& control) {
  TRY(move(metrics_, metrics, metrics_router_));
  return move(control_, control, control_router_);
}

Result<void> ControlSite::move(Site& site, const Address& to, const http::Router& router) {
  if (site.address == to) return {};
  std::unique_ptr<http::Server> server;
  if (to.family() != Address::Family::none) {
    auto listener = TRY(world_.network.listen(to));
    http::ServerOptions options;
    options.log = log_;
    server = std::make_unique<http::Server>(
        world_.clock, [&router](http::ServerRequest& request) { return router.route(request); },
        options);
    server->serve(std::move(listener));
  }
  site.server = std::move(server);
  site.address = to;
  return {};
}

http::ServerResponse ControlSite::state() const {
  auto& proxy = alone_.proxy();
  Json out = Json::object();
  out.add_member("revision", alone_.revision());
  out.add_member("connections", std::uint64_t{proxy.connections()});
  Json listeners = Json::array();
  for (auto& each : proxy.fronts()) {
    Json one = Json::object();
    one.add_member("name", each.name);
    one.add_member("address", each.address.text());
    one.add_member("connections", each.connections);
    one.add_member("accepted", each.accepted);
    listeners.add(std::move(one));
  }
  out.add_member("listeners", std::move(listeners));
  std::map<std::string_view, std::uint32_t> in_flight;
  for (auto* session : proxy.sessions()) ++in_flight[session->server()];
  Json services = Json::array();
  for (auto& [name, pool] : proxy.pools()) {
    Json service = Json::object();
    service.add_member("name", name);
    service.add_member("in_flight", pool->in_flight());
    service.add_member("queued", std::uint64_t{pool->queue.size()});
    Json instances = Json::array();
    for (auto& instance : pool->service().instances) {
      Json one = Json::object();
      one.add_member("id", instance.id);
      one.add_member("address", instance.address.text());
      one.add_member("health", word_of(instance.health));
      one.add_member("why", instance.why);
      one.add_member("weight", instance.weight);
      one.add_member("in_flight", in_flight[instance.id]);
      auto& tallies = alone_.counts().servers();
      auto counted = tallies.find(instance.id);
      one.add_member("requests", counted == tallies.end() ? 0 : counted->second.requests);
      for (auto& endpoint : pool->endpoints()) {
        if (endpoint->id != instance.id) continue;
        one.add_member("resting", endpoint->outlier.resting());
        if (endpoint->outlier.resting()) one.set("why", endpoint->outlier.why(world_.clock.now()));
      }
      instances.add(std::move(one));
    }
    service.add_member("instances", std::move(instances));
    if (pool->caches()) {
      const ResponseCache& cache = std::as_const(*pool).cache();
      Json kept = Json::object();
      kept.add_member("entries", std::uint64_t{cache.entries()});
      kept.add_member("bytes", std::uint64_t{cache.bytes()});
      kept.add_member("lookups", cache.counts.lookups);
      kept.add_member("hits", cache.counts.hits);
      service.add_member("cache", std::move(kept));
    }
    services.add(std::move(service));
  }
  out.add_member("services", std::move(services));
  return http::ServerResponse::json_value(out);
}

/// Lines of the access log from now on: ?service=users&path=/a&status=500-599&slower=1s&form=json.
http::ServerResponse ControlSite::log(http::ServerRequest& request) {
  LogFilter filter;
  filter.service = request.query("service");
  filter.path = request.query("path");
  filter.slower_than = parse_duration(request.query("slower")).value_or(0s);
  if (std::string span = request.query("status"); !span.empty()) {
    auto pair = split_once(span, '-');
    auto least = parse_integer<int>(pair ? pair->first : span, 0, 999);
    auto most = parse_integer<int>(pair ? pair->second : span, 0, 999);
    if (!least.ok() || !most.ok()) {
      return http::ServerResponse::problem(400, "status is one, or a span such as 500-599");
    }
    filter.status_least = *least;
    filter.status_most = *most;
  }
  bool json = request.query("form") == "json";
  http::ServerResponse response;
  response.headers.set("content-type", "text/plain; charset=utf-8");
  response.body = http::Body(alone_.tail().follow(
      std::move(filter), json ? gateway::LogSpec::Form::json : gateway::LogSpec::Form::haproxy));
  return response;
}

/// With ?wait=DURATION it answers once nothing is in flight any more, or the time is over.
Deferred<http::ServerResponse> ControlSite::order(http::ServerRequest& request,
                                                  Alone::Order order) {
  std::string id =
      std::string(request.parameter("service")) + "/" + std::string(request.parameter("number"));
  Duration wait = std::min(parse_duration(request.query("wait")).value_or(0s), drain_wait_max);
  auto done = alone_.order(id, order);
  if (!done.ok()) co_return http::ServerResponse::problem(404, done.error().text());
  MonotonicTime end = world_.clock.now() + wait;
  while (alone_.in_flight(id) > 0 && world_.clock.now() < end) co_await world_.clock.after(10ms);
  Json out = Json::object();
  out.add_member("instance", id);
  out.add_member("in_flight", alone_.in_flight(id));
  co_return http::ServerResponse::json_value(out);
}

Deferred<http::ServerResponse> ControlSite::upgrade() {
  if (!upgrade_) co_return http::ServerResponse::problem(501, "this process cannot be followed");
  auto pid = co_await upgrade_().result();
  if (!pid.ok()) {
    int status = pid.error().is(Code::in_use) ? 409 : 503;
    co_return http::ServerResponse::problem(status, pid.error().text());
  }
  Json out = Json::object();
  out.add_member("pid", *pid);
  co_return http::ServerResponse::json_value(out);
}

}  // namespace berth::proxy
