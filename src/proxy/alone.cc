#include "proxy/alone.h"

#include <algorithm>

#include "async/clock.h"

namespace berth::proxy {

Alone::Alone(World& world, Log log, acme::WritePrivate write, Siblings& siblings)
    : world_(world),
      log_(log),
      siblings_(siblings),
      listeners_(world.network),
      shard_(world, log, listeners_, {}),
      checks_(world, log.named("checks"), [this] { health_changed(); }),
      certificates_(world, log.named("acme"), std::move(write), [this] { show_certificates(); }) {
  certificates_.challenges().on_change([this] {
    siblings_.tell([all = certificates_.challenges().by_token()](Shard& shard) {
      shard.challenges().set(all);
    });
  });
}

Result<void> Alone::apply(gateway::ProxyFile file, std::vector<gateway::ProxyFile> copies) {
  if (file.gateway->threads != siblings_.count() + 1) {
    return Error(Code::invalid,
                 "[proxy] threads can't change while it runs: start it anew, or `berth proxy "
                 "upgrade`");
  }
  std::vector<Address> addresses;
  for (auto& entrance : file.gateway->entrances) {
    if (!entrance->udp) addresses.push_back(entrance->address);
  }
  TRY(listeners_.prepare(addresses));
  auto certificates = TRY(certificates_.prepare(std::move(file.certificates), *file.gateway));
  TRY(shard_.apply(file));
  certificates_.take(std::move(certificates));
  hand_to_siblings(*file.gateway, std::move(copies));
  checks_.set(file.services);
  services_ = std::move(file.services);
  publish();
  return {};
}

/// Datagrams and certificates are the first one's.
void Alone::hand_to_siblings(const gateway::Gateway& gateway,
                             std::vector<gateway::ProxyFile> copies) {
  for (auto& copy : copies) {
    auto& entrances = copy.gateway->entrances;
    for (std::size_t i = 0; i < entrances.size(); ++i) {
      auto filled = std::make_shared<gateway::Entrance>(*entrances[i]);
      filled->shown = gateway.entrances[i]->shown;
      entrances[i] = std::move(filled);
    }
    std::erase_if(entrances, [](auto& entrance) { return entrance->udp; });
  }
  auto shared = std::make_shared<std::vector<gateway::ProxyFile>>(std::move(copies));
  siblings_.tell([shared, log = log_](Shard& shard) {
    auto file = std::move((*shared)[shard.number() - 1]);
    if (auto applied = shard.apply(file); !applied.ok()) {
      log.error("a thread goes on with the file before",
                {{"thread", std::uint64_t{shard.number()}}, {"error", applied.error()}});
    }
  });
}

/// Those that came since the file was read, on the listeners that are there.
void Alone::show_certificates() {
  for (auto& entrance : proxy().gateway()->entrances) {
    if (entrance->acme.empty()) continue;
    auto certificates = certificates_.of(*entrance);
    siblings_.tell([name = entrance->name, certificates](Shard& shard) {
      shard.show_certificates(name, certificates);
    });
    shard_.show_certificates(entrance->name, std::move(certificates));
  }
}

void Alone::health_changed() {
  auto& clock = world_.clock;
  bool calm = published_at_ == MonotonicTime{} || clock.now() - published_at_ >= publish_pause;
  if (calm) {
    publish();
  } else if (!armed()) {
    clock.timers().arm(*this, published_at_ + publish_pause);
  }
}

/// The services with their health as it is now; those that did not change keep their part.
void Alone::publish() {
  disarm();
  published_at_ = world_.clock.now();
  auto snapshot = std::make_shared<catalog::Snapshot>();
  snapshot->revision = ++revision_;
  for (auto& each : services_) {
    auto service = std::make_shared<catalog::Service>(each.service);
    checks_.tell(*service);
    for (auto& instance : service->instances) {
      std::pair key(service->name, instance.address);
      if (auto weighed = weights_.find(key); weighed != weights_.end())
        instance.weight = weighed->second;
      auto found = orders_.find(key);
      if (found == orders_.end()) continue;
      bool drained = found->second == Order::drained;
      instance.health = drained ? catalog::Health::draining : catalog::Health::unhealthy;
      instance.why = drained ? "drained by hand" : "disabled by hand";
    }
    auto before = published_.find(service->name);
    if (before != published_.end()) service->revision = before->second->revision;
    bool same = before != published_.end() && *before->second == *service;
    if (!same) service->revision = revision_;
    auto& place = snapshot->services[each.service.name];
    if (same) {
      place = before->second;
    } else {
      place = std::move(service);
    }
  }
  published_ = snapshot->services;
  siblings_.tell([snapshot](Shard& shard) { shard.publish(snapshot); });
  shard_.publish(std::move(snapshot));
}

const catalog::Instance* Alone::find(std::string_view instance, std::string& service) const {
  for (auto& each : services_) {
    for (auto& one : each.service.instances) {
      if (one.id != instance) continue;
      service = each.service.name;
      return &one;
    }
  }
  return nullptr;
}

Result<void> Alone::order(std::string_view instance, Order order) {
  std::string service;
  auto* found = find(instance, service);
  if (!found) return Error(Code::not_found, "there is no instance " + std::string(instance));
  std::pair key(service, found->address);
  if (order == Order::as_checked) {
    orders_.erase(key);
  } else {
    orders_[key] = order;
  }
  publish();
  return {};
}

Result<void> Alone::weigh(std::string_view instance, std::uint32_t weight) {
  std::string service;
  auto* found = find(instance, service);
  if (!found) return Error(Code::not_found, "there is no instance " + std::string(instance));
  weights_[{service, found->address}] = weight;
  publish();
  return {};
}

Result<void> Alone::eject(std::string_view instance, Duration time) {
  std::string service;
  if (!find(instance, service))
    return Error(Code::not_found, "there is no instance " + std::string(instance));
  auto eject = [id = std::string(instance), service, time](Shard& shard) {
    auto& proxy = shard.proxy();
    auto pool = proxy.pool_called(service);
    return pool && pool->eject(id, time, proxy.world().clock.now());
  };
  if (!eject(shard_)) {
    return Error(Code::invalid, std::string(instance) + " gets no requests anyway");
  }
  siblings_.tell([eject](Shard& shard) { eject(shard); });
  return {};
}

Alone::Order Alone::ordered(std::string_view instance) const {
  std::string service;
  auto* one = find(instance, service);
  auto found = one ? orders_.find({service, one->address}) : orders_.end();
  return found == orders_.end() ? Order::as_checked : found->second;
}

Deferred<std::uint32_t> Alone::in_flight(std::string instance) {
  return gathered(
      siblings_, shard_.in_flight(instance),
      [instance](std::uint32_t& count, Shard& shard) { count += shard.in_flight(instance); });
}

Deferred<std::size_t> Alone::requests_in_flight() {
  return gathered(siblings_, proxy().requests_in_flight(), [](std::size_t& count, Shard& shard) {
    count += shard.proxy().requests_in_flight();
  });
}

void Alone::stop_listening() {
  proxy().stop_listening();
  siblings_.tell([](Shard& shard) { shard.proxy().stop_listening(); });
}

Deferred<Json> Alone::handover() {
  auto counting = gathered(siblings_, counts().all(),
                           [](Counts::All& all, Shard& shard) { all.add(shard.counts().all()); });
  Counts::All counted = co_await std::move(counting);
  Json instances = Json::array();
  for (auto& [name, service] : published_) {
    for (auto& instance : service->instances) {
      auto ordered = orders_.find({name, instance.address});
      Json one = Json::object();
      one.add_member("service", name);
      one.add_member("address", instance.address.text());
      if (ordered != orders_.end()) {
        one.add_member("order", ordered->second == Order::drained ? "drained" : "disabled");
      } else if (instance.health != catalog::Health::starting) {
        one.add_member("healthy", instance.health == catalog::Health::healthy);
        one.add_member("why", instance.why);
      }
      instances.add(std::move(one));
    }
  }
  Json out = Json::object();
  out.add_member("instances", std::move(instances));
  out.add_member("counts", counted.json());
  co_return out;
}

void Alone::begin_with(const Json& handover) {
  for (auto& one : handover["instances"].items()) {
    auto address = Address::parse(one["address"].string_or(""));
    std::string service(one["service"].string_or(""));
    if (!address.ok() || service.empty()) continue;
    if (auto* order = one["order"].string()) {
      orders_[{service, *address}] = *order == "drained" ? Order::drained : Order::disabled;
    } else if (auto healthy = one["healthy"].boolean()) {
      checks_.begin_with(service, *address, *healthy, std::string(one["why"].string_or("")));
    }
  }
  shard_.counts().begin_with(handover["counts"]);
}

Deferred<void> Alone::finish_logs() {
  // What the others hand over is written here.
  auto gathered = world_.clock.after(3 * LogPlace::gather_time);
  if (siblings_.count() > 0) co_await std::move(gathered);
  co_await logs().finish();
}

Deferred<void> Alone::close() {
  certificates_.stop();
  co_await checks_.close();
  co_await proxy().close();
  co_await logs().finish();
}

}  // namespace berth::proxy
