#pragma once

#include <memory>

#include "async/network.h"
#include "async/wait_list.h"
#include "os/network.h"
#include "os/reactor.h"

namespace berth::os {

/// A listening socket on a Reactor. When descriptors run out it rests for 50 ms and tries again;
/// the peers wait in the kernel's backlog meanwhile.
class SocketListener final : public Listener, Watched, Timer {
 public:
  static Result<std::unique_ptr<Listener>> adopt(Reactor& reactor, Descriptor fd, Deal deal = {});
  ~SocketListener() override { close(); }

  Deferred<std::unique_ptr<ByteStream>> accept() override;
  Address address() const override { return address_; }
  void close() override;
  int descriptor() const { return fd_.get(); }

 private:
  SocketListener(Reactor& reactor, Descriptor fd, Deal deal);
  void on_events(std::uint32_t) override;
  void fire() override { on_events(0); }
  /// The next connection, or null: then none is there now.
  std::unique_ptr<ByteStream> try_accept();

  Reactor& reactor_;
  Descriptor fd_;
  Address address_;
  Deal deal_;
  bool readable_ = true;
  WaitList<std::unique_ptr<ByteStream>> waiting_;
};

/// A UDP socket on a Reactor.
class UdpSocket final : public DatagramSocket, Watched {
 public:
  static constexpr std::size_t datagram_bytes_max = 65536;
  static Result<std::unique_ptr<DatagramSocket>> adopt(Reactor& reactor, Descriptor fd);
  ~UdpSocket() override { close(); }

  Deferred<Datagram> receive() override;
  bool send(const Address& peer, const Bytes& bytes) override;
  Address address() const override { return address_; }
  void close() override;
  std::uint64_t lost() const override;
  int descriptor() const { return fd_.get(); }

 private:
  UdpSocket(Reactor& reactor, Descriptor fd);
  void on_events(std::uint32_t) override;
  bool try_receive(Datagram& datagram);

  Reactor& reactor_;
  Descriptor fd_;
  Address address_;
  bool readable_ = true;
  WaitList<Datagram> waiting_;
  std::uint64_t lost_ = 0;  // once it is closed
};

}  // namespace berth::os
