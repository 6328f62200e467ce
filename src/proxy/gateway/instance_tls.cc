#include "proxy/gateway/instance_tls.h"

#include <utility>

#include "tls/handshake.h"

namespace berth::proxy::gateway {
namespace {

using Stream = std::unique_ptr<ByteStream>;

std::string text_of(const std::optional<tls::Pem>& pem) { return pem ? pem->text : std::string(); }

Deferred<Stream> secured(Clock& clock, Deferred<Stream> connecting, tls::ClientContext context,
                         std::string host, InstanceTls::Protocols protocols) {
  auto stream = co_await std::move(connecting);
  auto shaking =
      tls::connect(std::move(context), clock, std::move(stream), std::move(host), protocols);
  co_return co_await std::move(shaking);
}

}  // namespace

bool TlsSpec::same_as(const TlsSpec& other) const {
  auto pair_of = [](const std::optional<tls::CertificatePem>& pem) {
    return pem ? pem->chain.text + pem->key.text : std::string();
  };
  return text_of(authorities) == text_of(other.authorities) &&
         pair_of(certificate) == pair_of(other.certificate) && name == other.name &&
         negotiates == other.negotiates;
}

Result<std::shared_ptr<const InstanceTls>> InstanceTls::make(TlsSpec spec) {
  tls::ClientOptions options;
  options.authorities = spec.authorities;
  options.certificate = spec.certificate;
  auto context = TRY(tls::ClientContext::make(std::move(options)));
  return std::shared_ptr<const InstanceTls>(new InstanceTls(std::move(spec), std::move(context)));
}

Deferred<Stream> InstanceTls::connect(World& world, const Address& address,
                                      Protocols protocols) const {
  return secured(world.clock, world.network.connect(address), context_, name_at(address),
                 std::move(protocols));
}

Deferred<Stream> InstanceTls::secure(Clock& clock, Stream stream, const Address& address,
                                     Protocols protocols) const {
  return secured(clock, ready(std::move(stream)), context_, name_at(address), std::move(protocols));
}

Deferred<Stream> connect_to_instance(World& world, const Address& address, const InstanceTls* tls,
                                     InstanceTls::Protocols protocols) {
  if (!tls) return world.network.connect(address);
  return tls->connect(world, address, std::move(protocols));
}

}  // namespace berth::proxy::gateway
