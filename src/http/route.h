#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/client.h"

namespace berth::http::detail {

/// What is done on the way to an origin beyond connecting to an address.
struct Passage {
  std::string way;            // equal for those whose connections may be exchanged
  std::string name;           // to be resolved, if there is no address
  std::uint16_t port = 0;     // of the name
  std::string tunnel;         // "users:443": what the proxy is asked to connect to; empty: nothing
  std::string authorization;  // for the proxy
  std::string secured;        // the host that TLS is made with; empty: none
  std::string absolute;       // "http://users": goes before each target, for the proxy; or empty
};

/// How a connection is made. Requests of equal routes share the pool's connections.
struct Route {
  explicit Route(Address address, std::shared_ptr<const Passage> passage = nullptr,
                 Version version = Version::http_1_1)
      : address(std::move(address)), passage(std::move(passage)), version(version) {}

  std::string_view way() const { return passage ? std::string_view(passage->way) : ""; }
  /// The one that is connected to: "127.0.0.1:80", "users:80".
  std::string peer() const;
  bool secured() const { return passage && !passage->secured.empty(); }

  Address address;  // family none: the passage has a name
  std::shared_ptr<const Passage> passage;
  Version version;  // negotiated: over TLS only

  struct SameWay {
    bool operator()(const Route& a, const Route& b) const {
      auto order = a.address <=> b.address;
      if (order != 0) return order < 0;
      return a.version != b.version ? a.version < b.version : a.way() < b.way();
    }
  };
};

/// Errors: unsupported, for https and names, as Client::send.
Result<Route> route_to(const Url& url, const ClientOptions& options, const SendOptions& send);

}  // namespace berth::http::detail
