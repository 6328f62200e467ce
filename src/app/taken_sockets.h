#pragma once

#include <map>
#include <memory>
#include <set>

#include "async/network.h"
#include "os/descriptor.h"
#include "os/network.h"

namespace berth::app {

/// The network of a proxy alone. It keeps a copy of each listening socket that is open, so that the
/// process that follows may have them, and gives those that it has of the process before instead of
/// new ones. A kept socket takes connections until the last process that has it closes it: none is
/// refused in between. One reactor; outlives its listeners.
class TakenSockets final : public Network {
 public:
  explicit TakenSockets(os::Network& network) : network_(network) {}

  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override {
    return network_.connect(peer);
  }
  Result<std::unique_ptr<Listener>> listen(const Address& address,
                                           const ListenOptions& options = {}) override;
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override {
    return network_.bind_datagram(address);
  }

  /// One of the process before.
  void inherit(const Address& address, os::Descriptor socket) {
    inherited_[address] = std::move(socket);
  }
  /// Those that nobody asked for are closed.
  void drop_rest() { inherited_.clear(); }
  const std::map<Address, os::Descriptor>& open() const { return open_; }
  /// All listeners take nothing more; the process that has the sockets does.
  void stop_listening();

 private:
  class Kept;

  os::Network& network_;
  std::map<Address, os::Descriptor> inherited_;
  std::map<Address, os::Descriptor> open_;
  std::set<Kept*> kept_;
};

}  // namespace berth::app
