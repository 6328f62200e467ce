#include "proxy/alone.h"

#include "base/units.h"
#include "tls/handshake.h"

namespace berth::proxy {

Alone::Alone(World& world, Log log)
    : world_(world),
      log_(log),
      listeners_(world.network),
      logs_(world, log.named("access log")),
      checks_(world, log.named("checks"), [this] { publish(); }) {
  proxy_ = std::make_unique<Proxy>(world, log.named("proxy"), listeners_, logs_, nobody_,
                                   ProxyOptions());
}

Result<void> Alone::apply(gateway::ProxyFile file) {
  std::vector<Address> addresses;
  for (auto& entrance : file.gateway->entrances) addresses.push_back(entrance->address);
  TRY(listeners_.prepare(addresses));
  TRY(attach_keys(*file.gateway));
  TRY(logs_.set(file.logs));
  TRY(proxy_->apply_gateway(file.gateway));
  checks_.set(file.services);
  services_ = std::move(file.services);
  publish();
  return {};
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

/// The services with their health as it is now; those that did not change keep their part.
void Alone::publish() {
  auto snapshot = std::make_shared<catalog::Snapshot>();
  snapshot->revision = ++revision_;
  for (auto& each : services_) {
    auto service = std::make_shared<catalog::Service>(each.service);
    checks_.tell(*service);
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

Deferred<void> Alone::close() {
  co_await checks_.close();
  co_await proxy_->close();
  co_await logs_.finish();
}

}  // namespace berth::proxy
