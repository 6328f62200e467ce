#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/world.h"
#include "base/log.h"
#include "http/client.h"
#include "proxy/acme/challenges.h"
#include "proxy/commons.h"
#include "proxy/counts.h"
#include "proxy/gateway/fetched_keys.h"
#include "proxy/gateway/proxy_file.h"
#include "proxy/log_outputs.h"
#include "proxy/log_tail.h"
#include "proxy/proxy.h"

namespace berth::proxy {

/// What a proxy alone is on one reactor: a Proxy with what it counts and writes, set up by the
/// process's ProxyFile, with the services that the first reactor's checks publish. Shards share
/// what Commons holds, and nothing else: each has its own connections to instances, and finds out
/// for itself which instances fail. Of what may be in flight and queued each has its part, so that
/// together they keep to the limits. One reactor.
class Shard {
 public:
  struct Place {
    std::size_t number = 0;            // of the process's shards; 0 is the first
    std::shared_ptr<Commons> commons;  // null: its own
    LogRelay relay = {};               // where lines go that the first one writes
  };

  Shard(World& world, Log log, ListenerSource& listeners, Place place);

  /// Errors: what a log cannot be sent by, a certificate that is none, a CA that is none.
  Result<void> apply(gateway::ProxyFile& file);
  /// Services as they are on the whole.
  void publish(std::shared_ptr<const catalog::Snapshot> snapshot);
  /// Other certificates for the entrance of that name, on the listeners that are there.
  void show_certificates(std::string_view entrance, std::vector<tls::CertificatePem> certificates);
  /// Requests on that instance now, also if it is drained.
  std::uint32_t in_flight(std::string_view instance) const;

  std::size_t number() const { return place_.number; }
  const std::shared_ptr<Commons>& commons() const { return place_.commons; }
  Proxy& proxy() { return *proxy_; }
  const Proxy& proxy() const { return *proxy_; }
  LogOutputs& logs() { return logs_; }
  Counts& counts() { return counts_; }
  const Counts& counts() const { return counts_; }
  LogTail& tail() { return tail_; }
  /// What it answers where the file's gateway came without: of the first one's directories.
  acme::Challenges& challenges() { return *challenges_; }

 private:
  struct Nobody final : CallerFinder {
    std::string find(const Address&, const Address&) override { return "unknown"; }
  };
  /// A service of the process, and what this reactor has of it.
  struct Part {
    std::shared_ptr<const catalog::Service> whole;
    std::shared_ptr<const catalog::Service> own;
  };

  Result<void> attach_keys(gateway::Gateway& gateway);
  Result<void> attach_tls(std::vector<gateway::FileService>& services) const;
  void secure();

  World& world_;
  Log log_;
  Place place_;
  Nobody nobody_;
  std::shared_ptr<acme::Challenges> challenges_ = std::make_shared<acme::Challenges>();
  LogOutputs logs_;
  LogTail tail_{logs_};
  Counts counts_{tail_};
  std::unique_ptr<Proxy> proxy_;
  std::unique_ptr<http::Client> key_client_;
  std::map<std::string, std::shared_ptr<gateway::FetchedKeys>> keys_;  // by URL and interval
  std::vector<gateway::FileService> services_;                         // with what secures them
  bool secured_ = true;
  std::map<std::string, Part, std::less<>> parts_;
};

}  // namespace berth::proxy
