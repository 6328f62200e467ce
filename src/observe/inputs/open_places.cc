#include "observe/inputs/open_places.h"

#include <optional>

#include "tls/listener.h"

namespace berth::observe {
namespace {

Error named(Error error, const InputSpec& spec, const Place& place) {
  return std::move(error).during("listening on " + place.address.text() + " for the input '" +
                                 spec.name + "'");
}

}  // namespace

Result<tls::ServerContext> server_context(const InputSpec& spec) {
  tls::ServerOptions options;
  options.certificates.push_back(
      {{spec.secrets.chain, spec.secrets.chain_path}, {spec.secrets.key, spec.secrets.key_path}});
  if (!spec.secrets.clients.empty()) {
    options.client_certificates = tls::ClientCertificates::required;
    options.client_authorities = tls::Pem{spec.secrets.clients, spec.secrets.clients_path};
  }
  return tls::ServerContext::make(std::move(options));
}

Result<OpenPlaces> open_places(const InputSpec& spec, const InputLinks& links) {
  OpenPlaces out;
  std::optional<tls::ServerContext> context;
  for (auto& place : spec.listen) {
    if (place.how == Place::How::udp || place.how == Place::How::unix_datagram) {
      auto socket = links.world.network.bind_datagram(place.address);
      if (!socket.ok()) return named(std::move(socket).error(), spec, place);
      out.datagrams.push_back(std::move(*socket));
      continue;
    }
    auto listener = links.world.network.listen(place.address);
    if (!listener.ok()) return named(std::move(listener).error(), spec, place);
    if (place.how != Place::How::tls) {
      out.listeners.push_back(std::move(*listener));
      continue;
    }
    if (!context) context = TRY(server_context(spec));
    out.listeners.push_back(std::make_unique<tls::Listener>(*context, links.world.clock,
                                                            std::move(*listener), links.log));
  }
  return out;
}

}  // namespace berth::observe
