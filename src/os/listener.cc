#include "os/listener.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <cerrno>

#include "os/network.h"
#include "os/receive_buffer.h"
#include "os/socket_address.h"

namespace berth::os {

SocketListener::SocketListener(Reactor& reactor, Descriptor fd, Deal deal)
    : reactor_(reactor),
      fd_(std::move(fd)),
      address_(local_address_of(fd_.get())),
      deal_(std::move(deal)) {}

Result<std::unique_ptr<Listener>> SocketListener::adopt(Reactor& reactor, Descriptor fd,
                                                        Deal deal) {
  int number = fd.get();
  std::unique_ptr<SocketListener> listener(
      new SocketListener(reactor, std::move(fd), std::move(deal)));
  TRY(reactor.watch(number, *listener));
  return std::unique_ptr<Listener>(std::move(listener));
}

std::unique_ptr<ByteStream> SocketListener::try_accept() {
  while (readable_ && fd_.valid()) {
    SocketAddress peer;
    peer.length = sizeof peer.storage;
    Descriptor fd(::accept4(fd_.get(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      if (deal_ && deal_(fd, peer.address())) continue;
      auto stream = adopt_stream(reactor_, std::move(fd), peer.address());
      if (stream.ok()) return std::move(*stream);
      errno = ENOMEM;
    }
    if (errno == EAGAIN) readable_ = false;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      reactor_.timers().arm(*this, reactor_.now() + 50ms);
      return nullptr;
    }
    // Anything else is the failure of one connection (ECONNABORTED, EPROTO, ...): the next one.
  }
  return nullptr;
}

Deferred<std::unique_ptr<ByteStream>> SocketListener::accept() {
  if (!fd_.valid()) {
    return failed<std::unique_ptr<ByteStream>>(Error(Code::closed, "the listener is closed"));
  }
  if (!armed()) {
    if (auto stream = try_accept()) return ready(std::move(stream));
  }
  return waiting_.wait();
}

void SocketListener::on_events(std::uint32_t) {
  readable_ = true;
  while (!waiting_.empty()) {
    auto stream = try_accept();
    if (!stream) return;
    waiting_.wake(std::move(stream));
  }
}

void SocketListener::close() {
  if (!fd_.valid()) return;
  disarm();
  reactor_.unwatch(fd_.get(), *this);
  fd_.reset();
  waiting_.fail_all(Error(Code::closed, "the listener is closed"));
}

UdpSocket::UdpSocket(Reactor& reactor, Descriptor fd)
    : reactor_(reactor), fd_(std::move(fd)), address_(local_address_of(fd_.get())) {}

Result<std::unique_ptr<DatagramSocket>> UdpSocket::adopt(Reactor& reactor, Descriptor fd) {
  int number = fd.get();
  std::unique_ptr<UdpSocket> socket(new UdpSocket(reactor, std::move(fd)));
  TRY(reactor.watch(number, *socket));
  return std::unique_ptr<DatagramSocket>(std::move(socket));
}

bool UdpSocket::try_receive(Datagram& datagram) {
  static thread_local char buffer[datagram_bytes_max];
  SocketAddress peer;
  peer.length = sizeof peer.storage;
  ssize_t count;
  do {
    count = ::recvfrom(fd_.get(), buffer, sizeof buffer, 0, peer.get(), &peer.length);
  } while (count < 0 && errno != EAGAIN);  // an ICMP error of an earlier send is no news here
  if (count < 0) {
    readable_ = false;
    return false;
  }
  datagram = {peer.address(), Bytes::copy({buffer, static_cast<std::size_t>(count)})};
  return true;
}

Deferred<Datagram> UdpSocket::receive() {
  if (!fd_.valid()) return failed<Datagram>(Error(Code::closed, "the socket is closed"));
  Datagram datagram;
  if (readable_ && try_receive(datagram)) return ready(std::move(datagram));
  return waiting_.wait();
}

bool UdpSocket::send(const Address& peer, const Bytes& bytes) {
  auto to = SocketAddress::of(peer);
  if (!to.ok() || !fd_.valid()) return false;
  return ::sendto(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to->get(),
                  to->length) >= 0;
}

void UdpSocket::on_events(std::uint32_t) {
  readable_ = true;
  Datagram datagram;
  while (!waiting_.empty() && try_receive(datagram)) waiting_.wake(std::move(datagram));
}

/// sock(7), SO_MEMINFO: the count that SO_RXQ_OVFL puts beside a datagram, without a cost for each.
std::uint64_t UdpSocket::lost() const {
  if (!fd_.valid()) return lost_;
  std::uint32_t about[SK_MEMINFO_VARS] = {};
  socklen_t size = sizeof about;
  bool told = ::getsockopt(fd_.get(), SOL_SOCKET, SO_MEMINFO, about, &size) == 0;
  return told && size == sizeof about ? about[SK_MEMINFO_DROPS] : 0;
}

void UdpSocket::close() {
  if (!fd_.valid()) return;
  lost_ = lost();
  reactor_.unwatch(fd_.get(), *this);
  fd_.reset();
  waiting_.fail_all(Error(Code::closed, "the socket is closed"));
}

}  // namespace berth::os
