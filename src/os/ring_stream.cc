#include "os/ring_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "os/socket_address.h"

namespace berth::os {

RingStream::RingStream(Ring& ring, Descriptor fd, Address peer)
    : socket_(new RingSocket(ring, std::move(fd), *this)), peer_(std::move(peer)) {}

Error RingStream::closed() const { return Error(Code::closed, "the connection was closed here"); }

Deferred<Bytes> RingStream::read(std::size_t bytes_max) {
  check(reading_.empty(), "two reads of one connection at a time");
  if (!socket_) return failed<Bytes>(closed());
  if (!unread_.empty()) {
    Bytes bytes = take_unread(bytes_max);
    if (may_receive()) socket_->receive();
    return ready(std::move(bytes));
  }
  if (ended_) return resolved<Bytes>(end());
  socket_->receive();
  wanted_ = bytes_max;
  return reading_.wait();
}

Bytes RingStream::take_unread(std::size_t bytes_max) {
  Bytes& first = unread_.front();
  Bytes bytes = first.slice(0, bytes_max);
  unread_bytes_ -= bytes.size();
  first.remove_prefix(bytes.size());
  if (first.empty()) unread_.erase(unread_.begin());
  return bytes;
}

Result<Bytes> RingStream::end() const {
  if (failure_ && !orderly_end_) return *failure_;
  return Bytes();
}

bool RingStream::may_receive() const {
  return !ended_ && unread_bytes_ <= unread_bytes_max / 2 &&
         unread_.size() <= unread_pieces_max / 2;
}

void RingStream::on_received(int result, bool more, Bytes bytes) {
  if (result > 0) {
    if (!reading_.empty()) {
      Bytes rest = bytes.size() > wanted_ ? bytes.slice(wanted_) : Bytes();
      reading_.wake(rest.empty() ? std::move(bytes) : bytes.slice(0, wanted_));
      bytes = std::move(rest);
    }
    if (!bytes.empty()) keep(std::move(bytes));
  } else if (result == 0) {
    ended_ = true;
    orderly_end_ = !failure_;
  } else if (result != -ENOBUFS && result != -ECANCELED && result != -EINTR) {
    ended_ = true;
    failure_ = system_error(-result, "reading from " + peer_.text());
  }
  if (ended_ && !reading_.empty()) {
    auto last = end();
    last.ok() ? reading_.wake(std::move(*last)) : reading_.fail_all(last.error());
  }
  if (!more && (may_receive() || !reading_.empty()) && !ended_) socket_->receive();
}

void RingStream::keep(Bytes bytes) {
  if (bytes.size() <= copied_bytes_max) bytes = Bytes::copy(bytes.view());
  unread_bytes_ += bytes.size();
  unread_.push_back(std::move(bytes));
  if (unread_bytes_ > unread_bytes_max || unread_.size() > unread_pieces_max) {
    socket_->stop_receiving();
  }
}

Deferred<void> RingStream::write(BytesList bytes) {
  check(writing_.empty(), "two writes to one connection at a time");
  if (!socket_ || half_ended_ || write_cut()) return failed<void>(closed());
  if (bytes.empty()) return ready();
  socket_->send(std::move(bytes), more_follows_);
  return writing_.wait();
}

void RingStream::on_sent(int error) {
  Result<void> result;
  if (connecting_) {
    socklen_t size = sizeof error;
    ::getsockopt(socket_->descriptor(), SOL_SOCKET, SO_ERROR, &error, &size);
    connecting_ = false;
    if (error != 0) result = system_error(error, "connecting to " + peer_.text());
  } else if (error != 0) {
    failure_ = system_error(error, "writing to " + peer_.text());
    result = *failure_;
  }
  if (writing_.empty()) {
    write_cut_ = true;
  } else if (result.ok()) {
    writing_.wake();
  } else {
    writing_.fail_all(result.error());
  }
}

Deferred<void> RingStream::connected() {
  connecting_ = true;
  socket_->wait_until_writable();
  return writing_.wait();
}

Deferred<void> RingStream::until_writable() {
  if (!socket_ || write_cut()) return failed<void>(closed());
  socket_->wait_until_writable();
  return writing_.wait();
}

Deferred<void> RingStream::shutdown_write() {
  check(writing_.empty(), "a half is ended while something is written to it");
  if (!socket_ || half_ended_ || write_cut()) return failed<void>(closed());
  half_ended_ = true;
  if (::shutdown(socket_->descriptor(), SHUT_WR) != 0 && errno != ENOTCONN) {
    return failed<void>(system_error(errno, "ending the connection to " + peer_.text()));
  }
  return ready();
}

void RingStream::close() {
  if (!socket_) return;
  std::exchange(socket_, nullptr)->let_go();
  unread_.clear();
  unread_bytes_ = 0;
  reading_.fail_all(closed());
  writing_.fail_all(closed());
}

void RingStream::abort() {
  if (!socket_) return;
  linger now{1, 0};
  ::setsockopt(socket_->descriptor(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

Address RingStream::local_address() const {
  return socket_ ? local_address_of(socket_->descriptor()) : Address();
}

bool RingStream::broken() const {
  if (!socket_ || ended_ || failure_ || !unread_.empty()) return true;
  if (socket_->receiving()) return false;
  char byte;
  return ::recv(socket_->descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

}  // namespace berth::os
