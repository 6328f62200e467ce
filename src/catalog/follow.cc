#include "catalog/follow.h"

#include "async/disk.h"
#include "async/random.h"
#include "catalog/codec.h"

namespace berth::catalog {
namespace {

constexpr Duration heartbeat = 2s;
constexpr std::size_t line_bytes_max = 16 << 20;

class FollowBody final : public http::BodySource {
 public:
  FollowBody(Catalog& catalog, Clock& clock) : catalog_(catalog), clock_(clock) {}
  Deferred<Bytes> read() override {
    if (sent_ && sent_->revision == catalog_.snapshot()->revision) {
      auto changed = co_await with_timeout(clock_, heartbeat, catalog_.changed()).result();
      if (!changed.ok() && changed.error().is(Code::timed_out)) co_return Bytes::literal("{}\n");
      co_await or_return(std::move(changed));
    }
    auto now = catalog_.snapshot();
    Json json = sent_ ? delta_json(*sent_, *now) : snapshot_json(*now);
    sent_ = std::move(now);
    co_return Bytes::copy(json.text() + "\n");
  }

 private:
  Catalog& catalog_;
  Clock& clock_;
  std::shared_ptr<const Snapshot> sent_;
};

Deferred<http::ServerResponse> take_report(Catalog& catalog, http::ServerRequest& request) {
  std::string text = co_await request.body();
  Json json = co_await or_return(Json::parse(text));
  BalancerReport report;
  report.revision = json["revision"].unsigned_integer().value_or(0);
  for (auto& id : json["in_flight"].items()) report.in_flight.emplace_back(id.string_or(""));
  for (auto& each : json["out"].items()) {
    if (report.out.size() == BalancerReport::out_max) break;
    report.out.push_back(
        {std::string(each["instance"].string_or("")), std::string(each["why"].string_or(""))});
  }
  catalog.report(std::string(request.parameter("id")), std::move(report));
  co_return http::ServerResponse{204, {}, {}};
}

}  // namespace

void add_follow_routes(http::Router& router, Catalog& catalog, Clock& clock) {
  router.add("GET", "/v1/catalog/follow", [&](http::ServerRequest&) {
    http::ServerResponse response{200, {{"content-type", "application/x-ndjson"}}, {}};
    response.body = http::Body(std::make_unique<FollowBody>(catalog, clock));
    return ready(std::move(response));
  });
  router.add("POST", "/v1/catalog/balancers/:id",
             [&](http::ServerRequest& request) { return take_report(catalog, request); });
}

Follower::Follower(World& world, Log log, Address server, std::string snapshot_path, Apply apply)
    : world_(world),
      log_(log),
      server_(std::move(server)),
      snapshot_path_(std::move(snapshot_path)),
      apply_(std::move(apply)),
      client_(world.clock, world.network) {}

void Follower::start() {
  scope_.add(run());
  scope_.add(keep());
}

Deferred<void> Follower::run() {
  auto kept = co_await world_.disk.read_file(snapshot_path_).result();
  if (kept.ok()) {
    auto taken = take(*kept);
    if (!taken.ok()) log_.warning("the kept catalog cannot be read", {{"error", taken.error()}});
    if (snapshot_) kept_revision_ = snapshot_->revision;
  }
  for (Duration wait = 50ms;;) {
    auto ended = co_await follow().result();
    if (std::exchange(connected_, false)) {
      wait = 50ms;
      log_.warning(
          "the catalog's server is away; going on with what is known",
          {{"error", ended.ok() ? Error(Code::closed, "it ended the connection") : ended.error()}});
    }
    co_await world_.clock.after(wait / 2 + Duration(static_cast<std::int64_t>(world_.random.below(
                                               static_cast<std::uint64_t>(wait.count())))));
    wait = std::min<Duration>(wait * 2, 2s);
  }
}

Deferred<void> Follower::follow() {
  auto answer = co_await client_.get(server_, "/v1/catalog/follow", 5s);
  if (!answer.good())
    co_await fail_with(Error(Code::unavailable,
                             "the catalog's server answered " + std::to_string(answer.status())));
  std::string received;
  for (;;) {
    Bytes part = co_await with_timeout(world_.clock, heartbeat * 4, answer.read());
    if (part.empty()) co_return;
    received += part.view();
    std::size_t begin = 0;
    for (std::size_t end; (end = received.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      co_await or_return(take(std::string_view(received).substr(begin, end - begin)));
      connected_ = true;
    }
    received.erase(0, begin);
    if (received.size() > line_bytes_max)
      co_await fail_with(Error(Code::overloaded, "a catalog that is too large"));
  }
}

Result<void> Follower::take(std::string_view line) {
  if (line == "{}") return {};
  Json json = TRY(Json::parse(line));
  auto next = TRY(apply_json(snapshot_.get(), json));
  if (snapshot_ && next->revision < snapshot_->revision) {
    return Error(Code::conflict, "the server's catalog is older than the one that is known");
  }
  snapshot_ = next;
  apply_(std::move(next));
  return {};
}

/// Writes the snapshot to disk when it has changed, at most some times a second.
Deferred<void> Follower::keep() {
  for (;;) {
    co_await world_.clock.after(250ms);
    if (!snapshot_ || snapshot_->revision == kept_revision_) continue;
    auto snapshot = snapshot_;
    auto kept =
        co_await world_.disk.replace_file(snapshot_path_, snapshot_json(*snapshot).text()).result();
    if (!kept.ok()) log_.warning("the catalog is not kept on disk", {{"error", kept.error()}});
    kept_revision_ = snapshot->revision;
  }
}

Deferred<void> Follower::report(const std::string& balancer, const BalancerReport& report) {
  Json json = Json::object();
  json.set("revision", snapshot_ ? snapshot_->revision : 0);
  json.set("in_flight", Json::array_of(report.in_flight));
  if (!report.out.empty()) {
    Json out = Json::array();
    for (auto& each : report.out) {
      Json one = Json::object();
      one.set("instance", each.instance);
      one.set("why", each.why);
      out.add(std::move(one));
    }
    json.set("out", std::move(out));
  }
  auto answer = co_await client_.post(server_, "/v1/catalog/balancers/" + balancer,
                                      "application/json", json.text(), 2s);
  std::string rest = co_await answer.text();
}

}  // namespace berth::catalog
