#pragma once

#include <cstdint>
#include <optional>

#include "async/network.h"

namespace berth::os {

/// What the streams of both reactors share: files go from the page cache to the socket by
/// sendfile(2), as long as the socket takes them. What is not in the page cache is read on a worker
/// thread and written, so that no disk holds up the reactor; where a file system cannot tell, it
/// is taken to be there. The first file makes this process ignore SIGPIPE.
class SocketStream : public ByteStream {
 public:
  /// Smaller parts are read and written.
  static constexpr std::uint64_t sendfile_bytes_min = 32 << 10;
  /// So much is asked for in the page cache, or read, at a time.
  static constexpr std::uint64_t part_bytes_max = 512 << 10;
  /// Then others have their turn.
  static constexpr std::uint64_t bytes_per_turn_max = 2 << 20;

  Deferred<void> write_file(BytesList before, File& file, std::uint64_t offset,
                            std::uint64_t length) final;
  /// Of TCP: what the peer has acknowledged.
  std::optional<std::uint64_t> delivered() const final;

 protected:
  /// -1 once closed.
  virtual int socket() const = 0;
  /// Resolves once the socket takes bytes, of which it has just said that it does not; errors and
  /// cancelling as of a write.
  virtual Deferred<void> until_writable() = 0;
  /// Resolves in a later turn.
  virtual Deferred<void> pause() = 0;
  /// More follows directly on what is written from now on, or no more does.
  virtual void set_more_follows(bool more) = 0;
  /// What the peer got so far is no whole: from now on writes answer closed.
  virtual void cut_write() = 0;

 private:
  Deferred<void> send_file(BytesList before, File& file, std::uint64_t offset,
                           std::uint64_t length);
  Deferred<void> send_part(const File& file, std::uint64_t offset, std::uint64_t length);
};

}  // namespace berth::os
