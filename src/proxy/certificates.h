#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/sync.h"
#include "async/world.h"
#include "base/json.h"
#include "base/log.h"
#include "http/client.h"
#include "proxy/acme/renewal.h"
#include "proxy/gateway/gateway.h"

namespace berth::proxy {

/// The certificates that a proxy alone has from ACME directories: a Renewal for each [acme] of its
/// file, which goes on through changes of the file that do not concern it. Belongs to one reactor.
class Certificates {
 public:
  struct Held {
    std::unique_ptr<http::Client> client;
    tls::CertificatePem placeholder;
    std::unique_ptr<acme::Renewal> renewal;  // goes first
  };
  using All = std::map<std::string, std::shared_ptr<Held>, std::less<>>;

  /// `changed` is called when of() has another answer.
  Certificates(World& world, Log log, acme::WritePrivate write, std::function<void()> changed);

  /// What will be there once it is taken; `gateway` gets its certificates and challenges. Errors:
  /// invalid (who is trusted for a directory); nothing has changed then.
  Result<All> prepare(std::vector<acme::CertificateSpec> specs, gateway::Gateway& gateway);
  void take(All all) { all_ = std::move(all); }
  /// The entrance's own first, then those of its directories; a placeholder where none is there
  /// yet.
  std::vector<tls::CertificatePem> of(const gateway::Entrance& entrance) const;
  /// In Prometheus' text format, behind those of the proxy.
  std::string metrics() const;
  /// As [{"name": ..., "names": [...], "until": ..., "renew_at": ..., ...}].
  Json json() const;
  /// Orders that one anew. Errors: not_found.
  Result<void> renew(std::string_view name);
  /// Of the orders that are under way.
  acme::Challenges& challenges() { return *challenges_; }
  /// Orders no more: another process does.
  void stop() { all_.clear(); }

 private:
  Result<std::shared_ptr<Held>> begin(acme::CertificateSpec spec);

  World& world_;
  Log log_;
  acme::WritePrivate write_;
  std::function<void()> changed_;
  std::shared_ptr<acme::Challenges> challenges_ = std::make_shared<acme::Challenges>();
  Lock one_at_a_time_;
  All all_;
};

}  // namespace berth::proxy
