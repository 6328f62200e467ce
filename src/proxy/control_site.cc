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

/// Requests by instance, those that are drained too.
struct InFlight {
  std::map<std::string, std::uint32_t, std::less<>> by_instance;

  void add(const Proxy& proxy) {
    for (auto* session : proxy.sessions()) ++by_instance[std::string(session->server())];
  }
  std::uint32_t of(std::string_view id) const {
    auto found = by_instance.find(id);
    return found == by_instance.end() ? 0 : found->second;
  }
};

Json shown(const std::string& name, const ProxyState::Service& service,
           const Counts::Tallies& counted, const InFlight& in_flight) {
  Json out = Json::object();
  out.add_member("name", name);
  out.add_member("in_flight", service.in_flight);
  out.add_member("queued", service.queued);
  Json instances = Json::array();
  for (auto& instance : service.service->instances) {
    Json one = Json::object();
    one.add_member("id", instance.id);
    one.add_member("address", instance.address.text());
    one.add_member("health", word_of(instance.health));
    one.add_member("why", instance.why);
    one.add_member("weight", instance.weight);
    one.add_member("in_flight", in_flight.of(instance.id));
    auto tally = counted.find(instance.id);
    one.add_member("requests", tally == counted.end() ? 0 : tally->second.requests);
    auto standing = service.instances.find(instance.id);
    if (standing != service.instances.end()) {
      one.add_member("resting", standing->second.resting);
      if (standing->second.resting) one.set("why", standing->second.why);
    }
    instances.add(std::move(one));
  }
  out.add_member("instances", std::move(instances));
  if (service.cache) {
    Json kept = Json::object();
    kept.add_member("entries", service.cache->entries);
    kept.add_member("bytes", service.cache->bytes);
    kept.add_member("lookups", service.cache->counts.lookups);
    kept.add_member("hits", service.cache->counts.hits);
    out.add_member("cache", std::move(kept));
  }
  return out;
}

/// Lines of all reactors: those that came are asked for every so often.
class TailOfAll final : public http::BodySource {
 public:
  static constexpr Duration look_interval = 50ms;
  using Followers = std::vector<std::shared_ptr<LogTail::Follower>>;

  TailOfAll(Clock& clock, Siblings& siblings, Followers followers)
      : clock_(clock), siblings_(siblings), followers_(std::move(followers)) {}

  Deferred<Bytes> read() override {
    if (!std::exchange(begun_, true)) co_return Bytes::literal("\n");
    for (;;) {
      auto asking = gathered(siblings_, LogTail::taken(*followers_.front()),
                             [followers = followers_](std::string& text, Shard& shard) {
                               text += LogTail::taken(*followers[shard.number()]);
                             });
      std::string text = co_await std::move(asking);
      if (!text.empty()) co_return Bytes::copy(text);
      co_await clock_.after(look_interval);
    }
  }

 private:
  Clock& clock_;
  Siblings& siblings_;
  Followers followers_;  // by the shards' numbers
  bool begun_ = false;
};

}  // namespace

ControlSite::ControlSite(World& world, Log log, Alone& alone)
    : world_(world),
      log_(log),
      alone_(alone),
      inspection_(world, alone.proxy(), alone.counts(), alone.siblings()) {
  for (auto* router : {&metrics_router_, &control_router_}) {
    inspection_.add_figures(*router, [this] { return alone_.certificates().metrics(); });
  }
  add_control();
}

void ControlSite::add_control() {
  using Order = Alone::Order;
  auto& router = control_router_;
  inspection_.add_requests(router);
  router.add("GET", "/v1/state", [this](http::ServerRequest&) { return state(); });
  router.add("GET", "/v1/log", [this](http::ServerRequest& request) { return log(request); });
  router.add("GET", "/v1/handover", [this](http::ServerRequest&) {
    return alone_.handover().then([](Json json) { return http::ServerResponse::json_value(json); });
  });
  router.add("GET", "/v1/certificates",
             [this](http::ServerRequest&) { return ready(certificates()); });
  router.add("POST", "/v1/certificates/:name/renew",
             [this](http::ServerRequest& request) { return ready(renew(request)); });
  router.add("POST", "/v1/upgrade", [this](http::ServerRequest&) { return upgrade(); });
  router.add("POST", "/v1/instances/:service/:number/weight",
             [this](http::ServerRequest& request) { return weigh(request); });
  router.add("POST", "/v1/instances/:service/:number/eject",
             [this](http::ServerRequest& request) { return eject(request); });
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

Deferred<http::ServerResponse> ControlSite::state() {
  auto state = co_await inspection_.state();
  Json out = Json::object();
  out.add_member("revision", alone_.revision());
  out.add_member("threads", state.threads);
  out.add_member("connections", state.connections);
  Json listeners = Json::array();
  for (auto& each : state.fronts) {
    Json one = Json::object();
    one.add_member("name", each.name);
    one.add_member("address", each.address.text());
    one.add_member("connections", each.connections);
    one.add_member("accepted", each.accepted);
    listeners.add(std::move(one));
  }
  out.add_member("listeners", std::move(listeners));
  InFlight own;
  own.add(alone_.proxy());
  auto asking = gathered(alone_.siblings(), std::move(own),
                         [](InFlight& all, Shard& shard) { all.add(shard.proxy()); });
  InFlight in_flight = co_await std::move(asking);
  Json services = Json::array();
  for (auto& [name, service] : state.services) {
    services.add(shown(name, service, state.counts.servers, in_flight));
  }
  out.add_member("services", std::move(services));
  co_return http::ServerResponse::json_value(out);
}

/// Lines of the access log from now on: ?service=users&path=/a&status=500-599&slower=1s&form=json.
Deferred<http::ServerResponse> ControlSite::log(http::ServerRequest& request) {
  LogFilter filter;
  filter.service = request.query("service");
  filter.path = request.query("path");
  filter.slower_than = parse_duration(request.query("slower")).value_or(0s);
  if (std::string span = request.query("status"); !span.empty()) {
    auto pair = split_once(span, '-');
    auto least = parse_integer<int>(pair ? pair->first : span, 0, 999);
    auto most = parse_integer<int>(pair ? pair->second : span, 0, 999);
    if (!least.ok() || !most.ok()) {
      co_return http::ServerResponse::problem(400, "status is one, or a span such as 500-599");
    }
    filter.status_least = *least;
    filter.status_most = *most;
  }
  using Form = gateway::LogSpec::Form;
  Form form = request.query("form") == "json" ? Form::json : Form::haproxy;
  http::ServerResponse response;
  response.headers.set("content-type", "text/plain; charset=utf-8");
  if (alone_.siblings().count() == 0) {
    response.body = http::Body(alone_.shard().tail().follow(std::move(filter), form));
    co_return response;
  }
  TailOfAll::Followers own{alone_.shard().tail().add(filter, form)};
  auto asking = gathered(alone_.siblings(), std::move(own),
                         [filter, form](TailOfAll::Followers& followers, Shard& shard) {
                           followers.push_back(shard.tail().add(filter, form));
                         });
  response.body = http::Body(
      std::make_unique<TailOfAll>(world_.clock, alone_.siblings(), co_await std::move(asking)));
  co_return response;
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
  while (co_await alone_.in_flight(id) > 0 && world_.clock.now() < end) {
    co_await world_.clock.after(10ms);
  }
  Json out = Json::object();
  out.add_member("instance", id);
  out.add_member("in_flight", co_await alone_.in_flight(id));
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
