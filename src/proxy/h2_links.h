#pragma once

#include <memory>
#include <vector>

#include "async/network.h"
#include "async/sync.h"
#include "async/world.h"
#include "proxy/gateway/instance_tls.h"

namespace berth::http::detail {
class H2ClientConnection;
class H2ClientStream;
}  // namespace berth::http::detail

namespace berth::proxy {

/// The HTTP/2 connections to one instance, each shared by many requests. Of its Endpoint; one
/// reactor. A further one is opened where the peer takes no more streams on those that are there,
/// up to `connections_max`; beyond, requests wait for a stream within their own time. A connection
/// that the peer ends, or says GOAWAY on, gets no new requests; its others end on it.
class H2Links {
 public:
  static constexpr std::size_t connections_max = 8;

  H2Links();
  ~H2Links();

  struct Place {
    std::unique_ptr<http::detail::H2ClientStream> stream;
    bool reused = false;  // on a connection that was there before
  };
  using Tls = std::shared_ptr<const gateway::InstanceTls>;
  /// A place for one request. Errors: those of Network::connect, by TLS those of its handshake, and
  /// unavailable where the instance speaks no HTTP/2 by ALPN. The links outlive it.
  Deferred<Place> open(World& world, const Address& address, const Tls& tls);
  /// A place on a connection that just turned out to be one of HTTP/2; where there are enough it is
  /// closed, and the place is on another.
  Place adopt(Clock& clock, std::unique_ptr<ByteStream> stream);
  /// The instance agreed to HTTP/2 when it was asked last (InstanceTls::negotiates).
  bool spoken() const { return spoken_; }
  /// Nothing new goes over those that are there; what is under way ends.
  void close() { links_.clear(); }
  std::size_t size() const { return links_.size(); }

 private:
  using Link = std::shared_ptr<http::detail::H2ClientConnection>;

  Link with_room();
  /// One with room, or where there may be no more the one on which least waits; null: another may
  /// be made.
  Link standing();
  Deferred<Place> open_another(World& world, Address address, Tls tls);
  Link link_over(Clock& clock, std::unique_ptr<ByteStream> stream);

  std::vector<Link> links_;
  bool spoken_ = false;
  Lock opening_;  // one at a time: who waits may find room on it
};

}  // namespace berth::proxy
