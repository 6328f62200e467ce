#include "proxy/alone.h"

#include <algorithm>

#include "async/clock.h"
#include "base/units.h"
#include "proxy/session.h"
#include "tls/handshake.h"

namespace berth::proxy {

Alone::Alone(World& world, Log log, acme::WritePrivate write)
    : world_(world),
      log_(log),
      listeners_(world.network),
      logs_(world, log.named("access log")),
      checks_(world, log.named("checks"), [this] { health_changed(); }),
      certificates_(world, log.named("acme"), std::move(write), [this] { show_certificates(); }) {
  proxy_ = std::make_unique<Proxy>(world, log.named("proxy"), listeners_, counts_, nobody_,
                                   ProxyOptions());
}

Result<void> Alone::apply(gateway::ProxyFile file) {
  std::vector<Address> addresses;
  for (auto& entrance : file.gateway->entrances) {
    if (!entrance->udp) addresses.push_back(entrance->address);
  }
  TRY(listeners_.prepare(addresses));
  TRY(attach_keys(*file.gateway));
  TRY(attach_tls(file.services));
  auto certificates = TRY(certificates_.prepare(std::move(file.certificates), *file.gateway));
  TRY(logs_.set(file.logs));
  TRY(proxy_->apply_gateway(file.gateway));
  certificates_.take(std::move(certificates));
  checks_.set(file.services);
  services_ = std::move(file.services);
  publish();
  for (auto& each : services_) {
    if (auto pool = proxy_->pool_called(each.service.name)) pool->set_tls(each.secured);
  }
  return {};
}

/// One that stays as it was goes on, with its sessions.
Result<void> Alone::attach_tls(std::vector<gateway::FileService>& services) const {
  for (auto& each : services) {
    if (!each.tls) continue;
    auto same = std::ranges::find_if(services_, [&](auto& before) {
      return before.service.name == each.service.name && before.tls &&
             before.tls->same_as(*each.tls);
    });
    each.secured =
        same == services_.end() ? TRY(gateway::InstanceTls::make(*each.tls)) : same->secured;
  }
  return {};
}

/// Those that came since the file was read, on the listeners that are there.
void Alone::show_certificates() {
  for (auto& entrance : proxy_->gateway()->entrances) {
    if (entrance->acme.empty()) continue;
    auto shown = proxy_->show_certificates(*entrance, certificates_.of(*entrance));
    if (!shown.ok()) {
      log_.error("a certificate cannot be shown; the one before is",
                 {{"listener", entrance->name}, {"error", shown.error()}});
    }
  }
}

/// Fetched keys that are there already are taken over.
Result<void> Alone::attach_keys(gateway::Gateway& gateway) {
  std::map<std::string, std::shared_ptr<gateway::FetchedKeys>> next;
  for (auto& authentication : gateway.authentications) {
    auto& url = authentication->keys_url;
    if (url.empty()) continue;
    if (!key_client_) {
      http::ClientOptions options;
      options.resolver = world_.resolver;
      options.secure = tls::secure_with(TRY(tls::ClientContext::make()), world_.clock);
      key_client_ = std::make_unique<http::Client>(world_.clock, world_.network, options);
    }
    std::string key = url + " " + write_duration(authentication->keys_interval);
    auto& source = next[key];
    if (auto found = keys_.find(key); !source && found != keys_.end()) source = found->second;
    if (!source) {
      source = std::make_shared<gateway::FetchedKeys>(
          world_.clock, log_.named("keys"), *key_client_, url, authentication->keys_interval);
    }
    authentication->source = source;
  }
  keys_ = std::move(next);
  return {};
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
  proxy_->apply(std::move(snapshot));
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
  auto pool = proxy_->pool_called(service);
  if (!pool || !pool->eject(instance, time, world_.clock.now()))
    return Error(Code::invalid, std::string(instance) + " gets no requests anyway");
  return {};
}

Alone::Order Alone::ordered(std::string_view instance) const {
  std::string service;
  auto* one = find(instance, service);
  auto found = one ? orders_.find({service, one->address}) : orders_.end();
  return found == orders_.end() ? Order::as_checked : found->second;
}

std::uint32_t Alone::in_flight(std::string_view instance) const {
  std::uint32_t count = 0;
  for (auto* session : proxy_->sessions()) {
    if (session->is_on(instance)) ++count;
  }
  return count;
}

Json Alone::handover() const {
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
  out.add_member("counts", counts_.json());
  return out;
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
  counts_.begin_with(handover["counts"]);
}

Deferred<void> Alone::close() {
  certificates_.stop();
  co_await checks_.close();
  co_await proxy_->close();
  co_await logs_.finish();
}

}  // namespace berth::proxy
