#include "os/stream.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/receive_buffer.h"
#include "os/socket_address.h"

namespace berth::os {
namespace {

// recv(2) and send(2) as they are. The C library's are points of cancellation, and pay for it at
// each call once a process has two threads.
ssize_t receive(int fd, void* room, std::size_t size) {
  return ::syscall(SYS_recvfrom, fd, room, size, 0, nullptr, nullptr);
}
ssize_t send(int fd, const void* bytes, std::size_t size, int flags) {
  return ::syscall(SYS_sendto, fd, bytes, size, flags, nullptr, 0);
}

}  // namespace

class Stream::ReadOperation final : public State<Bytes> {
 public:
  ReadOperation(Stream& stream, std::size_t bytes_max) : bytes_max(bytes_max), stream_(&stream) {
    stream.reading_ = this;
  }
  static ReadOperation* make(Stream& stream, std::size_t bytes_max) {
    return ::new (allocate_frame(sizeof(ReadOperation))) ReadOperation(stream, bytes_max);
  }
  void finish(Result<Bytes> result) {
    stream_->reading_ = nullptr;
    resolve(std::move(result));
    release_producer();
  }
  const std::size_t bytes_max;

 private:
  void on_cancel() override { finish(Error::cancelled()); }
  void on_drop() override {
    stream_->reading_ = nullptr;
    release_producer();
  }
  void dispose() override {
    this->~ReadOperation();
    free_frame(this, sizeof(ReadOperation));
  }
  Stream* stream_;
};

/// Also serves connected() and until_writable(): an empty list that waits for the socket to become
/// writable.
class Stream::WriteOperation final : public State<void> {
 public:
  WriteOperation(Stream& stream, BytesList bytes) : bytes(std::move(bytes)), stream_(&stream) {
    stream.writing_ = this;
  }
  static WriteOperation* make(Stream& stream, BytesList bytes) {
    return ::new (allocate_frame(sizeof(WriteOperation))) WriteOperation(stream, std::move(bytes));
  }
  void finish(Result<void> result) {
    stream_->writing_ = nullptr;
    resolve(std::move(result));
    release_producer();
  }
  BytesList bytes;

 private:
  void on_cancel() override {
    stream_->write_cut_ = true;
    finish(Error::cancelled());
  }
  void on_drop() override {
    stream_->write_cut_ = true;
    stream_->writing_ = nullptr;
    release_producer();
  }
  void dispose() override {
    this->~WriteOperation();
    free_frame(this, sizeof(WriteOperation));
  }
  Stream* stream_;
};

Result<std::unique_ptr<Stream>> Stream::adopt(Reactor& reactor, Descriptor fd, Address peer,
                                              bool connecting) {
  std::unique_ptr<Stream> stream(new Stream(reactor, std::move(fd), std::move(peer)));
  if (connecting) {
    stream->connecting_ = true;
    stream->readable_ = stream->writable_ = false;
    TRY(stream->ensure_watched());
  }
  return stream;
}

Stream::~Stream() { close(); }

Result<void> Stream::ensure_watched() {
  if (!watched_) TRY(reactor_.watch(fd_.get(), *this));
  watched_ = true;
  return {};
}

Error Stream::closed() const { return Error(Code::closed, "the connection was closed here"); }

Deferred<Bytes> Stream::read(std::size_t bytes_max) {
  check(!reading_, "two reads of one connection at a time");
  if (!fd_.valid()) return failed<Bytes>(closed());
  Result<Bytes> result{Bytes()};
  if (readable_ && try_receive(bytes_max, result)) return resolved<Bytes>(std::move(result));
  if (auto watched = ensure_watched(); !watched.ok()) return failed<Bytes>(watched.error());
  return Deferred<Bytes>(ReadOperation::make(*this, bytes_max));
}

bool Stream::try_receive(std::size_t bytes_max, Result<Bytes>& result) {
  auto& buffer = ReceiveBuffer::current();
  auto [room, size] = buffer.room(bytes_max);
  ssize_t count;
  do {
    count = receive(fd_.get(), room, size);
  } while (count < 0 && errno == EINTR);
  if (count > 0) {
    // A short read has emptied the socket: the next edge tells of more.
    if (static_cast<std::size_t>(count) < size && !ended_) readable_ = false;
    result = buffer.take(static_cast<std::size_t>(count));
    return true;
  }
  if (count == 0) {
    ended_ = true;
    if (failure_ && !orderly_end_) {
      result = *failure_;
    } else {
      result = Bytes();
    }
    return true;
  }
  if (errno == EAGAIN) {
    readable_ = false;
    return false;
  }
  ended_ = true;
  failure_ = system_error(errno, "reading from " + peer_.text());
  result = *failure_;
  return true;
}

Deferred<void> Stream::write(BytesList bytes) {
  check(!writing_, "two writes to one connection at a time");
  if (!fd_.valid() || half_ended_ || write_cut_) return failed<void>(closed());
  Result<void> result;
  if (writable_ && try_send(bytes, result)) return resolved<void>(std::move(result));
  if (auto watched = ensure_watched(); !watched.ok()) return failed<void>(watched.error());
  return Deferred<void>(WriteOperation::make(*this, std::move(bytes)));
}

bool Stream::try_send(BytesList& bytes, Result<void>& result) {
  constexpr std::size_t pieces_max = 64;
  int flags = MSG_NOSIGNAL | (more_follows_ ? MSG_MORE : 0);
  for (;;) {
    iovec pieces[pieces_max];
    std::size_t count = 0;
    std::size_t total = 0;
    bool more = false;
    for (auto& piece : bytes) {
      if (piece.empty()) continue;
      if (count == pieces_max) {
        more = true;
        break;
      }
      pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
      total += piece.size();
    }
    if (count == 0) return true;
    ssize_t sent;
    if (count == 1) {  // as nearly always; the kernel has less to copy and to check then
      sent = send(fd_.get(), pieces[0].iov_base, pieces[0].iov_len, flags);
    } else {
      msghdr message{};
      message.msg_iov = pieces;
      message.msg_iovlen = count;
      sent = ::sendmsg(fd_.get(), &message, flags);
    }
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        writable_ = false;
        return false;
      }
      failure_ = system_error(errno, "writing to " + peer_.text());
      result = *failure_;
      return true;
    }
    if (static_cast<std::size_t>(sent) == total && !more) return true;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < total) {
      writable_ = false;
      return false;
    }
  }
}

Deferred<void> Stream::connected() {
  if (writable_) return ready();
  return Deferred<void>(WriteOperation::make(*this, BytesList()));
}

Deferred<void> Stream::until_writable() {
  writable_ = false;
  if (auto watched = ensure_watched(); !watched.ok()) return failed<void>(watched.error());
  return Deferred<void>(WriteOperation::make(*this, BytesList()));
}

Deferred<void> Stream::shutdown_write() {
  check(!writing_, "a half is ended while something is written to it");
  if (!fd_.valid() || half_ended_ || write_cut_) return failed<void>(closed());
  half_ended_ = true;
  if (::shutdown(fd_.get(), SHUT_WR) != 0 && errno != ENOTCONN) {
    return failed<void>(system_error(errno, "ending the connection to " + peer_.text()));
  }
  return ready();
}

void Stream::close() {
  if (!fd_.valid()) return;
  if (watched_) reactor_.unwatch(fd_.get(), *this);
  fd_.reset();
  if (reading_) reading_->finish(closed());
  if (writing_) writing_->finish(closed());
}

void Stream::abort() {
  if (!fd_.valid()) return;
  linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

Address Stream::local_address() const { return local_address_of(fd_.get()); }

bool Stream::broken() const {
  if (!fd_.valid() || ended_) return true;
  if (watched_ && !readable_) return false;
  char byte;
  if (::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
    readable_ = false;
    return false;
  }
  return true;  // an end, an error, or bytes that nobody asked for
}

void Stream::on_events(std::uint32_t events) {
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) ended_ = true;
  if ((events & EPOLLRDHUP) && !(events & EPOLLERR)) orderly_end_ = true;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_ = true;
  if (reading_ && readable_) {
    Result<Bytes> result{Bytes()};
    if (try_receive(reading_->bytes_max, result)) reading_->finish(std::move(result));
  }
  if (writing_ && writable_) {
    Result<void> result;
    if (writing_->bytes.empty() && (events & (EPOLLERR | EPOLLHUP))) {
      int number = 0;
      socklen_t length = sizeof number;
      ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &number, &length);
      if (number != 0)
        result =
            system_error(number, (connecting_ ? "connecting to " : "writing to ") + peer_.text());
      connecting_ = false;
      writing_->finish(std::move(result));
    } else if (try_send(writing_->bytes, result)) {
      writing_->finish(std::move(result));
    }
  }
}

}  // namespace berth::os
