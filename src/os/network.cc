#include "os/network.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "os/listener.h"
#include "os/ring_listener.h"
#include "os/ring_stream.h"
#include "os/socket_address.h"
#include "os/stream.h"

namespace berth::os {
namespace {

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

template <class S>
Deferred<std::unique_ptr<ByteStream>> when_connected(std::unique_ptr<S> stream) {
  co_await stream->connected();
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

struct Begun {
  Descriptor fd;
  bool connecting = false;
};

Result<Begun> begin_connecting(const Address& peer) {
  SocketAddress to = TRY(SocketAddress::of(peer));
  Descriptor fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return system_error(errno, "connecting to " + peer.text());
  if (peer.family() != Address::Family::unix_path) {
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  }
  if (::connect(fd.get(), to.get(), to.length) != 0) {
    if (errno == ENOENT) {
      return Error(Code::unavailable, "nothing listens at " + peer.text());
    }
    if (errno != EINPROGRESS) return system_error(errno, "connecting to " + peer.text());
    return Begun{std::move(fd), true};
  }
  return Begun{std::move(fd), false};
}

}  // namespace

Deferred<std::unique_ptr<ByteStream>> Network::connect(const Address& peer) {
  auto begun = begin_connecting(peer);
  if (!begun.ok()) return failed<std::unique_ptr<ByteStream>>(std::move(begun).error());
  if (Ring* ring = reactor_.ring()) {
    auto stream = std::make_unique<RingStream>(*ring, std::move(begun->fd), peer);
    if (begun->connecting) return when_connected(std::move(stream));
    return ready(std::unique_ptr<ByteStream>(std::move(stream)));
  }
  auto stream = Stream::adopt(reactor_, std::move(begun->fd), peer, begun->connecting);
  if (!stream.ok()) return failed<std::unique_ptr<ByteStream>>(std::move(stream).error());
  return when_connected(std::move(*stream));
}

Result<std::unique_ptr<ByteStream>> adopt_stream(Reactor& reactor, Descriptor fd, Address peer) {
  if (Ring* ring = reactor.ring()) {
    return std::unique_ptr<ByteStream>(
        std::make_unique<RingStream>(*ring, std::move(fd), std::move(peer)));
  }
  return std::unique_ptr<ByteStream>(TRY(Stream::adopt(reactor, std::move(fd), std::move(peer))));
}

Result<Descriptor> bind_listener(const Address& address, const ListenOptions& options) {
  SocketAddress at = TRY(SocketAddress::of(address));
  Descriptor fd(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return system_error(errno, "listening on " + address.text());
  if (address.family() == Address::Family::unix_path) {
    // A socket file that a dead process left is in the way; a live one is not taken.
    Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), at.get(), at.length) == 0 || errno == EAGAIN) {
      return Error(Code::in_use, "another process listens on " + address.text());
    }
    if (errno == ECONNREFUSED) ::unlink(address.path().c_str());
  } else {
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);  // accepted sockets inherit it
    if (options.reuse_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (::bind(fd.get(), at.get(), at.length) != 0 || ::listen(fd.get(), options.backlog) != 0) {
    return system_error(errno, "listening on " + address.text());
  }
  return fd;
}

Result<Descriptor> bind_datagram_descriptor(const Address& address) {
  SocketAddress at = TRY(SocketAddress::of(address));
  Descriptor fd(::socket(at.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (address.family() == Address::Family::unix_path) {
    // As with listeners: what a dead process left is in the way.
    Descriptor probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(probe.get(), at.get(), at.length) != 0 && errno == ECONNREFUSED) {
      ::unlink(address.path().c_str());
    }
  }
  if (!fd.valid() || ::bind(fd.get(), at.get(), at.length) != 0) {
    return system_error(errno, "binding " + address.text());
  }
  return fd;
}

Result<std::unique_ptr<Listener>> Network::listen(const Address& address,
                                                  const ListenOptions& options) {
  return adopt_listener(TRY(bind_listener(address, options)));
}

Result<std::unique_ptr<DatagramSocket>> Network::bind_datagram(const Address& address) {
  return adopt_datagram(TRY(bind_datagram_descriptor(address)));
}

Result<std::unique_ptr<Listener>> Network::adopt_listener(Descriptor fd, Deal deal) {
  if (reactor_.ring()) {
    return std::unique_ptr<Listener>(
        std::make_unique<RingListener>(reactor_, std::move(fd), std::move(deal)));
  }
  return SocketListener::adopt(reactor_, std::move(fd), std::move(deal));
}

Result<std::unique_ptr<DatagramSocket>> Network::adopt_datagram(Descriptor fd) {
  return UdpSocket::adopt(reactor_, std::move(fd));
}

}  // namespace berth::os
