#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/network.h"
#include "async/world.h"
#include "base/result.h"
#include "tls/context.h"

namespace berth::proxy::gateway {

/// How a service's instances are reached by TLS, as `tls` of [service.NAME] says.
struct TlsSpec {
  std::optional<tls::Pem> authorities;             // nothing: the system's
  std::optional<tls::CertificatePem> certificate;  // shown to an instance that asks
  /// What an instance's certificate must be for, and the name that is asked for; empty: its
  /// address.
  std::string name;
  /// HTTP/2 where ALPN agrees on it, else HTTP/1.1; false: what the service's `protocol` says.
  bool negotiates = true;

  bool same_as(const TlsSpec& other) const;
};

/// A TlsSpec that connections are made with: certificates are read, sessions are kept for
/// resumption. Every instance's certificate is verified. Shared by all that connect to the service;
/// one reactor.
class InstanceTls {
 public:
  using Protocols = std::vector<std::string>;

  /// Errors: invalid, with the file.
  static Result<std::shared_ptr<const InstanceTls>> make(TlsSpec spec);

  const TlsSpec& spec() const { return spec_; }
  bool negotiates() const { return spec_.negotiates; }
  /// A connection whose protocol() is one of `protocols`, or empty where the instance negotiates
  /// none. Errors: those of Network::connect and tls::connect.
  Deferred<std::unique_ptr<ByteStream>> connect(World& world, const Address& address,
                                                Protocols protocols) const;
  /// The same on a connection that stands.
  Deferred<std::unique_ptr<ByteStream>> secure(Clock& clock, std::unique_ptr<ByteStream> stream,
                                               const Address& address, Protocols protocols) const;

 private:
  InstanceTls(TlsSpec spec, tls::ClientContext context)
      : spec_(std::move(spec)), context_(std::move(context)) {}
  std::string name_at(const Address& address) const {
    return spec_.name.empty() ? address.ip_text() : spec_.name;
  }

  TlsSpec spec_;
  tls::ClientContext context_;
};

/// To an instance, by TLS where there is any, which is offered `protocols` then.
Deferred<std::unique_ptr<ByteStream>> connect_to_instance(World& world, const Address& address,
                                                          const InstanceTls* tls,
                                                          InstanceTls::Protocols protocols = {
                                                              "http/1.1"});

/// A Network whose connections are those of an InstanceTls: for an http::Client that knows its
/// server by address. Listens as the world does.
class InstanceNetwork final : public Network {
 public:
  InstanceNetwork(World& world, std::shared_ptr<const InstanceTls> tls,
                  InstanceTls::Protocols protocols)
      : world_(world), tls_(std::move(tls)), protocols_(std::move(protocols)) {}

  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override {
    return tls_->connect(world_, peer, protocols_);
  }
  Result<std::unique_ptr<Listener>> listen(const Address& address,
                                           const ListenOptions& options) override {
    return world_.network.listen(address, options);
  }
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override {
    return world_.network.bind_datagram(address);
  }

 private:
  World& world_;
  std::shared_ptr<const InstanceTls> tls_;
  InstanceTls::Protocols protocols_;
};

}  // namespace berth::proxy::gateway
