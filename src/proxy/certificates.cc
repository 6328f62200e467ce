#include "proxy/certificates.h"

#include <utility>

#include "async/clock.h"
#include "base/exposition.h"
#include "base/timestamp.h"
#include "tls/handshake.h"

namespace berth::proxy {
namespace {

std::vector<tls::CertificatePem> shown_at(const gateway::Entrance& entrance,
                                          const Certificates::All& all) {
  auto out = entrance.certificates;
  for (auto& name : entrance.acme) {
    auto found = all.find(name);
    if (found == all.end()) continue;
    Certificates::Held& held = *found->second;
    out.push_back(held.renewal->certificate().value_or(held.placeholder));
  }
  return out;
}

}  // namespace

Certificates::Certificates(World& world, Log log, acme::WritePrivate write,
                           std::function<void()> changed)
    : world_(world), log_(log), write_(std::move(write)), changed_(std::move(changed)) {
  if (!write_) write_ = [](const std::string&, const std::string&) { return ready(); };
}

Result<std::shared_ptr<Certificates::Held>> Certificates::begin(acme::CertificateSpec spec) {
  tls::ClientOptions trusted;
  trusted.authorities = spec.authorities;
  auto context = tls::ClientContext::make(std::move(trusted));
  if (!context.ok()) return std::move(context).error().during("reading the ca of " + spec.name);
  http::ClientOptions options;
  options.resolver = world_.resolver;
  options.secure = tls::secure_with(std::move(*context), world_.clock);
  auto held = std::make_shared<Held>();
  held->client = std::make_unique<http::Client>(world_.clock, world_.network, options);
  held->placeholder = acme::placeholder(spec.names, world_.clock.wall());
  auto ask = [client = held->client.get()](http::Url url, http::Request request,
                                           http::SendOptions send) {
    return client->send(url, std::move(request), std::move(send));
  };
  acme::Renewal::Surroundings surroundings{world_, log_,         std::move(ask),
                                           write_, *challenges_, one_at_a_time_};
  held->renewal =
      std::make_unique<acme::Renewal>(std::move(surroundings), std::move(spec), changed_);
  return held;
}

Result<Certificates::All> Certificates::prepare(std::vector<acme::CertificateSpec> specs,
                                                gateway::Gateway& gateway) {
  All next;
  for (auto& spec : specs) {
    auto& place = next[spec.name];
    auto found = all_.find(spec.name);
    if (found != all_.end() && found->second->renewal->spec().same_as(spec)) {
      place = found->second;
    } else {
      place = TRY(begin(std::move(spec)));
    }
  }
  gateway.challenges = challenges_;
  for (auto& entrance : gateway.entrances) {
    if (entrance->acme.empty()) continue;
    auto filled = std::make_shared<gateway::Entrance>(*entrance);
    filled->shown = shown_at(*entrance, next);
    entrance = std::move(filled);
  }
  return next;
}

std::vector<tls::CertificatePem> Certificates::of(const gateway::Entrance& entrance) const {
  return shown_at(entrance, all_);
}

std::string Certificates::metrics() const {
  if (all_.empty()) return "";
  Exposition page;
  auto label = [](std::string_view name) {
    return "certificate=\"" + Exposition::escaped(name) + "\"";
  };
  page.family("berth_proxy_certificate_not_after_seconds", "gauge",
              "When the certificate ends; 0: there is none yet.");
  for (auto& [name, held] : all_) {
    auto validity = held->renewal->state().validity;
    std::int64_t until = validity ? validity->until.nanoseconds / 1'000'000'000 : 0;
    page.sample_of(label(name), static_cast<std::uint64_t>(until));
  }
  page.family("berth_proxy_certificate_failures", "gauge", "Orders that failed, in a row.");
  for (auto& [name, held] : all_) {
    page.sample_of(label(name), std::uint64_t{held->renewal->state().failures});
  }
  return page.take();
}

Json Certificates::json() const {
  Json out = Json::array();
  for (auto& [name, held] : all_) {
    auto state = held->renewal->state();
    Json one = Json::object();
    one.add_member("name", name);
    one.add_member("names", Json::array_of(held->renewal->spec().names));
    one.add_member("directory", held->renewal->spec().directory);
    if (state.validity) {
      one.add_member("until", write_timestamp(state.validity->until, 0));
      one.add_member("renew_at", write_timestamp(state.renew_at, 0));
    }
    one.add_member("failures", state.failures);
    one.add_member("error", state.error);
    out.add(std::move(one));
  }
  return out;
}

Result<void> Certificates::renew(std::string_view name) {
  auto found = all_.find(name);
  if (found == all_.end()) {
    return Error(Code::not_found, "there is no [acme." + std::string(name) + "]");
  }
  found->second->renewal->renew_now();
  return {};
}

}  // namespace berth::proxy
