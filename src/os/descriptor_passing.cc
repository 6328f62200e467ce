#include "os/descriptor_passing.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "os/socket_address.h"

namespace berth::os {

namespace {
constexpr std::size_t descriptors_max = 200;
constexpr std::size_t text_bytes_max = 64 << 10;
}  // namespace

Result<void> pass(int socket, const std::string& text, const std::vector<int>& descriptors) {
  check(descriptors.size() <= descriptors_max && text.size() <= text_bytes_max,
        "too much to pass at once");
  std::vector<char> control(CMSG_SPACE(descriptors_max * sizeof(int)));
  iovec piece{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(head), descriptors.data(), descriptors.size() * sizeof(int));
  }
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) return system_error(errno, "passing sockets");
  return {};
}

Result<PassedMessage> take_passed(int socket) {
  std::vector<char> control(CMSG_SPACE(descriptors_max * sizeof(int)));
  PassedMessage out;
  out.text.resize(text_bytes_max);
  iovec piece{out.text.data(), out.text.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return Error::overloaded();
  if (count < 0) return system_error(errno, "receiving sockets");
  if (count == 0) return Error(Code::closed, "the peer that passes sockets is gone");
  out.text.resize(static_cast<std::size_t>(count));
  for (cmsghdr* head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    std::size_t number = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < number; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof fd);
      out.descriptors.emplace_back(fd);
    }
  }
  return out;
}

Result<std::unique_ptr<PassingSocket>> PassingSocket::adopt(Reactor& reactor, Descriptor fd) {
  int number = fd.get();
  std::unique_ptr<PassingSocket> socket(new PassingSocket(reactor, std::move(fd)));
  TRY(reactor.watch(number, *socket));
  return socket;
}

Result<std::unique_ptr<PassingSocket>> PassingSocket::connect(Reactor& reactor,
                                                              const std::string& path) {
  Descriptor fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  SocketAddress to = TRY(SocketAddress::of(Address::unix_path(path)));
  if (!fd.valid() || ::connect(fd.get(), to.get(), to.length) != 0) {
    return system_error(errno, "connecting to " + path);
  }
  return adopt(reactor, std::move(fd));
}

PassingSocket::~PassingSocket() {
  if (fd_.valid()) reactor_.unwatch(fd_.get(), *this);
}

Deferred<PassedMessage> PassingSocket::receive() {
  if (readable_) {
    auto message = take_passed(fd_.get());
    if (message.ok() || !message.error().is(Code::overloaded)) {
      return resolved<PassedMessage>(std::move(message));
    }
    readable_ = false;
  }
  waiting_ = std::make_unique<Promise<PassedMessage>>();
  return waiting_->deferred();
}

void PassingSocket::on_events(std::uint32_t) {
  readable_ = true;
  if (!waiting_) return;
  auto message = take_passed(fd_.get());
  if (!message.ok() && message.error().is(Code::overloaded)) {
    readable_ = false;
    return;
  }
  std::exchange(waiting_, nullptr)->fire(std::move(message));
}

Result<std::unique_ptr<PassingListener>> PassingListener::listen(Reactor& reactor,
                                                                 const std::string& path) {
  Descriptor fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  SocketAddress at = TRY(SocketAddress::of(Address::unix_path(path)));
  ::unlink(path.c_str());
  if (!fd.valid() || ::bind(fd.get(), at.get(), at.length) != 0 || ::listen(fd.get(), 16) != 0) {
    return system_error(errno, "listening on " + path);
  }
  int number = fd.get();
  std::unique_ptr<PassingListener> listener(new PassingListener(reactor, std::move(fd)));
  TRY(reactor.watch(number, *listener));
  return listener;
}

PassingListener::~PassingListener() { reactor_.unwatch(fd_.get(), *this); }

Deferred<std::unique_ptr<PassingSocket>> PassingListener::accept() {
  waiting_ = std::make_unique<Promise<std::unique_ptr<PassingSocket>>>();
  auto deferred = waiting_->deferred();
  on_events(0);
  return deferred;
}

void PassingListener::on_events(std::uint32_t) {
  if (!waiting_) return;
  Descriptor fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid()) return;
  std::exchange(waiting_, nullptr)->fire(PassingSocket::adopt(reactor_, std::move(fd)));
}

}  // namespace berth::os
