#pragma once

#include <functional>
#include <memory>

#include "async/network.h"
#include "os/reactor.h"

namespace berth::os {

/// Asked for each connection that is accepted: true if it has taken the descriptor.
using Deal = std::function<bool(Descriptor& fd, const Address& peer)>;

/// Sockets of the kernel on one Reactor.
class Network final : public berth::Network {
 public:
  explicit Network(Reactor& reactor) : reactor_(reactor) {}

  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override;
  Result<std::unique_ptr<Listener>> listen(const Address& address,
                                           const ListenOptions& options = {}) override;
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override;

  /// For sockets that another process handed over; takes the descriptor. `deal` may take
  /// connections for other reactors.
  Result<std::unique_ptr<Listener>> adopt_listener(Descriptor fd, Deal deal = {});
  Result<std::unique_ptr<DatagramSocket>> adopt_datagram(Descriptor fd);

 private:
  Reactor& reactor_;
};

/// A connected nonblocking socket as the stream of the reactor's kind.
Result<std::unique_ptr<ByteStream>> adopt_stream(Reactor& reactor, Descriptor fd, Address peer);

/// Bound and listening sockets without a reactor, to be handed to another process.
Result<Descriptor> bind_listener(const Address& address, const ListenOptions& options = {});
Result<Descriptor> bind_datagram_descriptor(const Address& address);

}  // namespace berth::os
