#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "proxy/acme/challenges.h"
#include "proxy/gateway/forwarded.h"
#include "proxy/gateway/path.h"
#include "proxy/gateway/route_table.h"
#include "tls/context.h"

namespace berth::proxy::gateway {

/// An address that the public comes to.
struct Entrance {
  std::string name;
  Address address;
  bool secured = false;
  std::vector<tls::CertificatePem> certificates;
  std::vector<std::string> acme;  // names of [acme] tables whose certificates come to these
  std::vector<tls::CertificatePem> shown;  // with those, where there is `acme`
  tls::Version version_min = tls::Version::tls1_2;
  bool http2 = true;  // offered by ALPN, where it is secured
  /// Those who begin with the PROXY protocol, and nobody else may connect; null: nobody does.
  std::shared_ptr<const AddressList> proxy_protocol;
  /// Of one IPv4 address or /64 of IPv6, trusted proxies apart; beyond, they are reset.
  std::size_t connections_per_client_max = 2000;
  Duration idle_timeout = 75s;                    // of connections between requests
  Duration head_timeout = 10s;                    // from a head's first byte to its last
  std::uint64_t body_bytes_per_second_min = 240;  // of a request's content; 0: any
  std::string hsts;                               // for all routes; empty: as they say
  /// In TCP mode: the service that every connection goes to, as bytes; empty: HTTP, by routes.
  std::string tcp_service;
  bool udp = false;                   // datagrams to tcp_service
  std::size_t sessions_max = 10'000;  // of UDP: addresses at once

  std::string_view scheme() const { return secured ? "https" : "http"; }
};

/// All that the public side of a proxy is to do, at one time. Immutable but for the keys of tokens;
/// a change is another Gateway. Belongs to one reactor.
struct Gateway {
  static constexpr std::int64_t threads_max = 63;

  std::vector<std::shared_ptr<const Entrance>> entrances;
  RouteTable routes;
  TrustedProxies trusted;
  PathRules path;
  std::vector<Page> pages;
  std::vector<std::shared_ptr<Authentication>> authentications;
  /// Of certificates that are being ordered; null: none ever is.
  std::shared_ptr<const acme::Challenges> challenges;
  std::size_t threads = 1;  // that carry it, each on a reactor with a Gateway of its own
  std::size_t connections_max = 20'000;
  std::size_t encoders_max = 200;  // answers being compressed; beyond, they go as they are

  const Entrance* entrance_at(const Address& address, bool udp = false) const {
    for (auto& each : entrances) {
      if (each->address == address && each->udp == udp) return each.get();
    }
    return nullptr;
  }
};

}  // namespace berth::proxy::gateway
