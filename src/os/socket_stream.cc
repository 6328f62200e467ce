#include "os/socket_stream.h"

#include <netinet/in.h>
// The kernel's own header has more of tcp_info than the C library's.
#include <linux/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <utility>

#include "os/descriptor.h"

namespace berth::os {
namespace {

/// True if the byte before `end` can be read without a wait.
bool in_page_cache(int file, std::uint64_t end) {
  char byte;
  iovec to{&byte, 1};
  return ::preadv2(file, &to, 1, static_cast<off_t>(end - 1), RWF_NOWAIT) >= 0 || errno != EAGAIN;
}

Error became_shorter() { return Error(Code::io, "a file became shorter while it was sent"); }

}  // namespace

std::optional<std::uint64_t> SocketStream::delivered() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  constexpr std::size_t wanted = offsetof(tcp_info, tcpi_bytes_acked) + 8;
  if (::getsockopt(socket(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < wanted) {
    return std::nullopt;
  }
  return info.tcpi_bytes_acked;
}

Deferred<void> SocketStream::write_file(BytesList before, File& file, std::uint64_t offset,
                                        std::uint64_t length) {
  if (file.descriptor() < 0 || length < sendfile_bytes_min) {
    return ByteStream::write_file(std::move(before), file, offset, length);
  }
  return send_file(std::move(before), file, offset, length);
}

Deferred<void> SocketStream::send_file(BytesList before, File& file, std::uint64_t offset,
                                       std::uint64_t length) {
  struct Whole {  // or cut
    SocketStream& stream;
    bool done = false;
    ~Whole() {
      if (!done) stream.cut_write();
    }
  } whole{*this};
  // sendfile(2) has no flag that would keep the signal away.
  [[maybe_unused]] static const auto before_us = std::signal(SIGPIPE, SIG_IGN);
  set_more_follows(true);
  auto begun = co_await write(std::move(before)).result();
  set_more_follows(false);
  if (!begun.ok()) co_await fail_with(std::move(begun).error());
  std::uint64_t in_turn = 0;
  while (length > 0) {
    std::uint64_t part = std::min(length, part_bytes_max);
    if (in_page_cache(file.descriptor(), offset + part)) {
      co_await send_part(file, offset, part);
    } else {
      Bytes bytes = co_await file.read(offset, part);
      if (bytes.size() < part) co_await fail_with(became_shorter());
      co_await write(std::move(bytes));
    }
    offset += part;
    length -= part;
    in_turn += part;
    if (in_turn >= bytes_per_turn_max && length > 0) {
      in_turn = 0;
      co_await pause();
    }
  }
  whole.done = true;
}

Deferred<void> SocketStream::send_part(const File& file, std::uint64_t offset,
                                       std::uint64_t length) {
  auto at = static_cast<off_t>(offset);
  while (length > 0) {
    if (socket() < 0) {
      co_await fail_with(Error(Code::closed, "the connection was closed here"));
    }
    ssize_t sent = ::sendfile(socket(), file.descriptor(), &at, length);
    if (sent > 0) {
      length -= static_cast<std::uint64_t>(sent);
    } else if (sent == 0) {
      co_await fail_with(became_shorter());
    } else if (errno == EAGAIN) {
      co_await until_writable();
    } else if (errno != EINTR) {
      co_await fail_with(system_error(errno, "writing to " + peer_address().text()));
    }
  }
}

}  // namespace berth::os
