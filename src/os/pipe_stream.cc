#include "os/pipe_stream.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "os/receive_buffer.h"

namespace berth::os {
namespace {

Error closed() {
  return Error(Code::closed, "this end of the pipe is closed, or goes the other way");
}

}  // namespace

Result<std::unique_ptr<ByteStream>> PipeStream::adopt(Reactor& reactor, Descriptor fd,
                                                      Direction direction) {
  std::signal(SIGPIPE, SIG_IGN);
  int number = fd.get();
  std::unique_ptr<PipeStream> stream(new PipeStream(reactor, std::move(fd), direction));
  auto watched = reactor.watch(number, *stream);
  bool is_file = !watched.ok() && watched.error().is(Code::denied);  // EPERM
  if (!watched.ok() && !is_file) {
    stream->fd_.reset();
    return std::move(watched).error();
  }
  return std::unique_ptr<ByteStream>(std::move(stream));
}

bool PipeStream::is_ready() const {
  pollfd asked{fd_.get(), static_cast<short>(direction_ == Direction::reads ? POLLIN : POLLOUT), 0};
  return ::poll(&asked, 1, 0) > 0;
}

Deferred<Bytes> PipeStream::read(std::size_t bytes_max) {
  check(reading_.empty(), "two reads of one pipe at a time");
  if (!fd_.valid() || direction_ != Direction::reads) return failed<Bytes>(closed());
  if (is_ready()) return resolved<Bytes>(receive(bytes_max));
  bytes_max_ = bytes_max;
  return reading_.wait();
}

Result<Bytes> PipeStream::receive(std::size_t bytes_max) {
  auto& buffer = ReceiveBuffer::current();
  auto [room, size] = buffer.room(bytes_max);
  ssize_t count;
  do {
    count = ::read(fd_.get(), room, size);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EIO) return Bytes();  // the terminal is gone
  if (count < 0) return system_error(errno, "reading from a pipe");
  return count == 0 ? Bytes() : buffer.take(static_cast<std::size_t>(count));
}

Deferred<void> PipeStream::write(BytesList bytes) {
  if (!fd_.valid() || direction_ != Direction::writes || writing_) return failed<void>(closed());
  return write_all(std::move(bytes));
}

Deferred<void> PipeStream::write_all(BytesList bytes) {
  writing_ = true;
  for (Bytes& piece : bytes) {
    while (!piece.empty()) {
      while (!is_ready()) co_await writable_.wait();
      ssize_t count =
          ::write(fd_.get(), piece.data(), std::min<std::size_t>(piece.size(), PIPE_BUF));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) co_await fail_with(system_error(errno, "writing to a pipe"));
      piece.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  writing_ = false;
}

Deferred<void> PipeStream::shutdown_write() {
  if (!fd_.valid() || direction_ != Direction::writes || writing_) return failed<void>(closed());
  close();
  return ready();
}

void PipeStream::close() {
  if (!fd_.valid()) return;
  reactor_.unwatch(fd_.get(), *this);
  fd_.reset();
  reading_.fail_all(closed());
  writable_.fail_all(closed());
}

bool PipeStream::broken() const {
  pollfd asked{fd_.get(), 0, 0};
  return !fd_.valid() || (::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLHUP | POLLERR)));
}

void PipeStream::on_events(std::uint32_t) {
  if (!reading_.empty() && is_ready()) {
    auto result = receive(bytes_max_);
    if (result.ok()) {
      reading_.wake(std::move(result).value());
    } else {
      reading_.fail_all(result.error());
    }
  }
  if (!writable_.empty()) writable_.wake();
}

}  // namespace berth::os
