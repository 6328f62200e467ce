#pragma once

#include <deque>
#include <memory>

#include "async/wait_list.h"
#include "sim/network.h"

namespace berth::sim {

/// A listening socket; connections wait in it until they are accepted, at most `backlog`.
class SimListener final : public Listener {
 public:
  SimListener(Network& network, Address address, const ListenOptions& options);
  ~SimListener() override { close(); }

  Deferred<std::unique_ptr<ByteStream>> accept() override;
  Address address() const override { return address_; }
  void close() override;

  bool full() const { return waiting_.empty() && arrived_.size() >= backlog_; }
  bool shares_port() const { return shares_port_; }
  void take(std::unique_ptr<ByteStream> stream);
  /// Its host crashed.
  void die() { network_ = nullptr; }

 private:
  Network* network_;  // null: closed
  const Address address_;
  const std::size_t backlog_;
  const bool shares_port_;
  std::deque<std::unique_ptr<ByteStream>> arrived_;
  WaitList<std::unique_ptr<ByteStream>> waiting_;
};

/// A UDP socket with room for `datagrams_max` that nobody has received yet; what comes beyond is
/// lost.
class SimDatagramSocket final : public DatagramSocket {
 public:
  static constexpr std::size_t datagrams_max = 256;
  static constexpr std::size_t datagram_bytes_max = 65507;

  SimDatagramSocket(Network& network, Address address);
  ~SimDatagramSocket() override { close(); }

  Deferred<Datagram> receive() override;
  bool send(const Address& peer, const Bytes& bytes) override;
  Address address() const override { return address_; }
  void close() override;

  void take(Datagram datagram);
  void die() { network_ = nullptr; }

 private:
  Network* network_;  // null: closed
  const Address address_;
  std::deque<Datagram> arrived_;
  WaitList<Datagram> waiting_;
};

}  // namespace berth::sim
