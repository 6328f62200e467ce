#include "catalog/catalog.h"

#include <algorithm>

#include "async/clock.h"
#include "catalog/codec.h"

namespace berth::catalog {
namespace {

/// The service of that name in `snapshot`, to be changed: a copy of its own.
Service copy_of(const Snapshot& snapshot, std::string_view name) {
  if (auto* found = snapshot.find(name)) return *found;
  Service fresh;
  fresh.name = name;
  return fresh;
}

void put(Snapshot& snapshot, Service service, std::uint64_t revision) {
  service.revision = revision;
  std::string name = service.name;
  snapshot.services[name] = std::make_shared<Service>(std::move(service));
}

void apply_service(Snapshot& snapshot, std::string_view name, const Json* json,
                   std::uint64_t revision) {
  if (!json) {
    snapshot.services.erase(std::string(name));
    return;
  }
  auto service = service_from_json(*json);
  if (!service.ok()) return;
  if (auto* before = snapshot.find(name)) service->instances = before->instances;
  put(snapshot, std::move(*service), revision);
}

void apply_instance(Snapshot& snapshot, std::string_view id, const Json* json,
                    std::uint64_t revision) {
  std::string_view name = id.substr(0, id.find('/'));
  if (!json && !snapshot.find(name)) return;
  Service service = copy_of(snapshot, name);
  std::erase_if(service.instances, [&](const Instance& i) { return i.id == id; });
  if (json) {
    auto instance = instance_from_json(*json);
    if (!instance.ok()) return;
    auto place = std::ranges::lower_bound(service.instances, instance->id, {}, &Instance::id);
    service.instances.insert(place, std::move(*instance));
  }
  put(snapshot, std::move(service), revision);
}

}  // namespace

std::string service_key(std::string_view service) {
  return "catalog/service/" + std::string(service);
}
std::string instance_key(std::string_view id) { return "catalog/instance/" + std::string(id); }

Catalog::Catalog(World& world, Log log, storage::Store& store)
    : world_(world),
      log_(log),
      store_(store),
      started_(world.clock.now()),
      snapshot_(std::make_shared<Snapshot>()) {}

Deferred<void> Catalog::start() {
  Promise<void> first;
  auto started = first.deferred();
  scope_.add(follow(std::move(first)));
  return started;
}

Deferred<void> Catalog::follow(Promise<void> first) {
  for (Duration wait = 50ms;; wait = std::min<Duration>(wait * 2, 2s)) {
    auto revision = co_await list().result();
    if (revision.ok()) {
      if (first.wanted()) first.callback();
      wait = 50ms;
      auto watch = co_await store_.watch(storage::prefix_range(prefix), *revision).result();
      while (watch.ok()) {
        auto changes = co_await (*watch)->next().result();
        if (!changes.ok()) break;
        auto next = std::make_shared<Snapshot>(*snapshot_);
        for (auto& change : *changes) {
          next->revision = change.revision;
          apply(*next, change.key, change.value ? &*change.value : nullptr, change.revision, log_);
        }
        publish(std::move(next));
      }
    } else {
      log_.warning("the catalog cannot be read; trying again", {{"error", revision.error()}});
    }
    co_await world_.clock.after(wait);
  }
}

Deferred<std::uint64_t> Catalog::list() {
  auto page = co_await storage::read_all(store_, storage::prefix_range(prefix));
  auto next = std::make_shared<Snapshot>();
  next->revision = page.revision;
  for (auto& entry : page.entries) apply(*next, entry.key, &entry.value, entry.changed, log_);
  publish(std::move(next));
  co_return page.revision;
}

void Catalog::apply(Snapshot& snapshot, const std::string& key, const std::string* value,
                    std::uint64_t revision, Log log) {
  std::optional<Json> json;
  if (value) {
    auto parsed = Json::parse(*value);
    if (!parsed.ok()) {
      log.error("an entry of the catalog cannot be read",
                {{"key", key}, {"error", parsed.error()}});
      return;
    }
    json = std::move(*parsed);
  }
  const Json* body = json ? &*json : nullptr;
  std::string_view rest = std::string_view(key).substr(prefix.size());
  if (rest.starts_with("service/")) {
    apply_service(snapshot, rest.substr(8), body, revision);
  } else if (rest.starts_with("instance/")) {
    apply_instance(snapshot, rest.substr(9), body, revision);
  } else if (key == system_key && body) {
    snapshot.system = (*body)["system"].string_or("");
    snapshot.domain = (*body)["domain"].string_or("");
  }
}

void Catalog::publish(std::shared_ptr<Snapshot> next) {
  snapshot_ = std::move(next);
  for (std::size_t waiting = changed_.size(); waiting > 0; --waiting) changed_.wake();
}

void Catalog::report(const std::string& balancer, BalancerReport report) {
  report.heard = world_.clock.now();
  balancers_[balancer] = std::move(report);
}

bool Catalog::drained(const std::string& id, const std::string& incarnation,
                      std::uint64_t revision) {
  MonotonicTime now = world_.clock.now();
  if (now - started_ < report_lease) return false;
  std::erase_if(balancers_, [&](auto& each) { return now - each.second.heard > report_lease; });
  std::string wanted = id + "@" + incarnation;
  for (auto& [name, report] : balancers_) {
    if (report.revision < revision) return false;
    if (std::ranges::find(report.in_flight, wanted) != report.in_flight.end()) return false;
  }
  return true;
}

std::string Catalog::why_out(std::string_view id, std::string_view incarnation) const {
  MonotonicTime now = world_.clock.now();
  std::string wanted = std::string(id) + "@" + std::string(incarnation);
  std::string text;
  std::size_t more = 0;
  for (auto& [name, report] : balancers_) {
    if (now - report.heard > report_lease) continue;
    auto found = std::ranges::find(report.out, wanted, &OutOfRotation::instance);
    if (found == report.out.end()) continue;
    if (text.empty()) {
      text = "out at " + name + ": " + found->why;
    } else {
      ++more;
    }
  }
  return more == 0 ? text : text + "; and at " + std::to_string(more) + " more";
}

}  // namespace berth::catalog
