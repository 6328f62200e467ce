#include "os/ring_listener.h"

#include <sys/socket.h>

#include <cerrno>

#include "os/ring_stream.h"
#include "os/socket_address.h"

namespace berth::os {
namespace {

/// Closes a connection that nobody took so that its peer sees an error, not an end.
void refuse(Descriptor fd) {
  linger now{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace

RingListener::RingListener(Reactor& reactor, Descriptor fd, Deal deal)
    : reactor_(reactor),
      fd_(std::move(fd)),
      address_(local_address_of(fd_.get())),
      deal_(std::move(deal)),
      accept_(new Accept(*this)) {}

std::unique_ptr<ByteStream> RingListener::stream_of(Descriptor fd) {
  Address peer = peer_address_of(fd.get());
  return std::make_unique<RingStream>(*reactor_.ring(), std::move(fd), std::move(peer));
}

Deferred<std::unique_ptr<ByteStream>> RingListener::accept() {
  if (!fd_.valid()) {
    return failed<std::unique_ptr<ByteStream>>(Error(Code::closed, "the listener is closed"));
  }
  if (!untaken_.empty()) {
    auto stream = stream_of(std::move(untaken_.front()));
    untaken_.pop_front();
    return ready(std::move(stream));
  }
  arm_accept();
  return waiting_.wait();
}

void RingListener::arm_accept() {
  if (accept_->under_way || armed()) return;
  accept_->under_way = true;
  accept_->stopping = false;
  io_uring_sqe& request = reactor_.ring()->request();
  io_uring_prep_multishot_accept(&request, fd_.get(), nullptr, nullptr,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
  reactor_.ring()->start(request, *accept_);
}

void RingListener::stop_accepting() {
  if (!accept_->under_way || accept_->stopping) return;
  accept_->stopping = true;
  reactor_.ring()->cancel(*accept_);
}

void RingListener::Accept::complete(int result, bool more, int) {
  under_way = more;
  if (listener) {
    listener->on_accepted(result);
    return;
  }
  if (result >= 0) refuse(Descriptor(result));
  if (!under_way) delete this;
}

void RingListener::on_accepted(int result) {
  if (result >= 0) {
    Descriptor fd(result);
    if (deal_ && deal_(fd, peer_address_of(fd.get()))) {
      // Another reactor's.
    } else if (!waiting_.empty()) {
      waiting_.wake(stream_of(std::move(fd)));
    } else {
      untaken_.push_back(std::move(fd));
      if (untaken_.size() >= untaken_max) stop_accepting();
    }
  } else if (result == -EMFILE || result == -ENFILE || result == -ENOBUFS || result == -ENOMEM) {
    reactor_.timers().arm(*this, reactor_.now() + 50ms);
  }
  // Anything else is the failure of one connection (ECONNABORTED, EPROTO, ...): the next one.
  if (!waiting_.empty()) arm_accept();
}

void RingListener::close() {
  if (!fd_.valid()) return;
  disarm();
  accept_->listener = nullptr;
  if (accept_->under_way) {
    reactor_.ring()->cancel(*accept_);
    reactor_.ring()->submit();  // else the address would stay taken until the next turn
  } else {
    delete accept_;
  }
  accept_ = nullptr;
  fd_.reset();
  for (Descriptor& each : untaken_) refuse(std::move(each));
  untaken_.clear();
  waiting_.fail_all(Error(Code::closed, "the listener is closed"));
}

}  // namespace berth::os
