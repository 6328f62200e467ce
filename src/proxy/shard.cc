#include "proxy/shard.h"

#include <algorithm>
#include <utility>

#include "async/clock.h"
#include "base/units.h"
#include "proxy/limits/part.h"
#include "proxy/session.h"
#include "tls/handshake.h"

namespace berth::proxy {
namespace {

ProxyOptions options_of(const Shard::Place& place) {
  ProxyOptions options;
  options.commons = place.commons;
  options.number = place.number;
  return options;
}

}  // namespace

Shard::Shard(World& world, Log log, ListenerSource& listeners, Place place)
    : world_(world),
      log_(log),
      place_(std::move(place)),
      logs_(world, log.named("access log"), place_.relay) {
  if (!place_.commons) place_.commons = std::make_shared<Commons>();
  proxy_ = std::make_unique<Proxy>(world, log.named("proxy"), listeners, counts_, nobody_,
                                   options_of(place_));
}

Result<void> Shard::apply(gateway::ProxyFile& file) {
  if (!file.gateway->challenges) file.gateway->challenges = challenges_;
  TRY(attach_keys(*file.gateway));
  TRY(attach_tls(file.services));
  TRY(logs_.set(file.logs));
  TRY(proxy_->apply_gateway(file.gateway));
  services_ = file.services;
  secured_ = false;
  return {};
}

/// Once the services are there.
void Shard::secure() {
  if (std::exchange(secured_, true)) return;
  for (auto& each : services_) {
    if (auto pool = proxy_->pool_called(each.service.name)) pool->set_tls(each.secured);
  }
}

/// One that stays as it was goes on, with its sessions.
Result<void> Shard::attach_tls(std::vector<gateway::FileService>& services) const {
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

/// Fetched keys that are there already are taken over.
Result<void> Shard::attach_keys(gateway::Gateway& gateway) {
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

void Shard::publish(std::shared_ptr<const catalog::Snapshot> snapshot) {
  std::size_t threads = proxy_->options().threads;
  if (threads > 1) {
    auto own = std::make_shared<catalog::Snapshot>(*snapshot);
    std::map<std::string, Part, std::less<>> parts;
    for (auto& [name, service] : own->services) {
      auto before = parts_.find(name);
      auto& part = parts[name];
      if (before != parts_.end() && before->second.whole == service) {
        part = std::move(before->second);
      } else {
        auto made = std::make_shared<catalog::Service>(*service);
        auto& policy = made->policy;
        policy.in_flight_max = part_of(policy.in_flight_max, threads, place_.number);
        policy.queue_max = part_of(policy.queue_max, threads, place_.number);
        part = {service, std::move(made)};
      }
      service = part.own;
    }
    parts_ = std::move(parts);
    snapshot = std::move(own);
  }
  proxy_->apply(std::move(snapshot));
  secure();
}

void Shard::show_certificates(std::string_view entrance,
                              std::vector<tls::CertificatePem> certificates) {
  for (auto& each : proxy_->gateway()->entrances) {
    if (each->name != entrance) continue;
    auto shown = proxy_->show_certificates(*each, std::move(certificates));
    if (!shown.ok()) {
      log_.error("a certificate cannot be shown; the one before is",
                 {{"listener", entrance}, {"error", shown.error()}});
    }
    return;
  }
}

std::uint32_t Shard::in_flight(std::string_view instance) const {
  std::uint32_t count = 0;
  for (auto* session : proxy_->sessions()) {
    if (session->is_on(instance)) ++count;
  }
  return count;
}

}  // namespace berth::proxy
