#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

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
  /// Those of port 0 are nobody else's, and not kept.
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override;

  /// Who deals the connections of a listener that asks for it.
  void deal_by(std::function<os::Deal(const Address& listening)> dealer) {
    dealer_ = std::move(dealer);
  }
  /// One of the process before.
  void inherit(const std::string& name, os::Descriptor socket) {
    inherited_[name] = std::move(socket);
  }
  /// Those that nobody asked for are closed.
  void drop_rest() { inherited_.clear(); }
  /// By name: "127.0.0.1:80", "unix:/run/x.sock", "udp:127.0.0.1:53".
  const std::map<std::string, os::Descriptor>& open() const { return open_; }
  /// All listeners take nothing more; the process that has the sockets does.
  void stop_listening();

 private:
  class Kept;
  class KeptDatagrams;

  /// The one of the process before, or a new one by `make`; a copy of it is kept.
  template <class Make>
  Result<os::Descriptor> take(const std::string& name, Make&& make);

  os::Network& network_;
  std::function<os::Deal(const Address&)> dealer_;
  std::map<std::string, os::Descriptor> inherited_;
  std::map<std::string, os::Descriptor> open_;
  std::set<Kept*> kept_;
};

}  // namespace berth::app
