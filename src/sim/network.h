#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/network.h"
#include "sim/fabric.h"

namespace berth::sim {

class Connection;
class SimListener;
class SimDatagramSocket;

/// The sockets of one host. Its own address is 10.0.0.N, reached from everywhere; 127.x addresses
/// and Unix paths are the host's alone; 0.0.0.0 listens on all of its own. An address that no host
/// has is `unavailable`. Paths of Unix sockets stay after their listener, as on a real disk.
class Network final : public berth::Network {
 public:
  static constexpr Duration connect_give_up = 60s;

  Network(Fabric& fabric, Node& node) : fabric_(fabric), node_(node) {}

  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override;
  Result<std::unique_ptr<Listener>> listen(const Address& address,
                                           const ListenOptions& options = {}) override;
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override;

  /// The host's power went: everything that was open is dead.
  void crash();

 private:
  friend class SimListener;
  friend class SimDatagramSocket;
  enum class Arrival : std::uint8_t { lost, refused, unavailable, accepted };
  struct Answer {
    Arrival arrival;
    std::shared_ptr<Connection> connection;
  };

  Deferred<std::unique_ptr<ByteStream>> connect_to(Address peer);
  /// A request to connect has come from `client`.
  Answer arrive(const Address& to, Node& client, const Address& client_address);
  /// The host that `to` leads to from here; null: none.
  Node* route(const Address& to) const;
  bool own(const Address& address) const;
  /// The address that a socket here has towards `to`.
  Address source(const Address& to, std::uint16_t port) const;
  std::uint16_t free_port();
  Result<Address> place(const Address& address) const;
  bool port_taken(std::uint16_t port) const;

  Fabric& fabric_;
  Node& node_;
  std::multimap<Address, SimListener*> listeners_;
  std::map<Address, SimDatagramSocket*> datagrams_;
  std::set<std::string> paths_;  // of Unix sockets, also of those whose listener is gone
  std::uint16_t next_port_ = 32768;
};

}  // namespace berth::sim
