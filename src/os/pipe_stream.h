#pragma once

#include <memory>

#include "async/network.h"
#include "async/wait_list.h"
#include "os/reactor.h"

namespace berth::os {

/// One way of bytes through a pipe, terminal or file on a Reactor: a child's or this process's
/// standard stream. What others share stays blocking for them: so each read and write asks poll(2)
/// first, and no write is longer than PIPE_BUF, which such a descriptor then takes without waiting.
/// A file that epoll does not take is always ready. The first one makes this process ignore SIGPIPE
/// for good: a reader that went is an error, `reset`. Its addresses are empty.
class PipeStream final : public ByteStream, Watched {
 public:
  enum class Direction { reads, writes };

  static Result<std::unique_ptr<ByteStream>> adopt(Reactor& reactor, Descriptor fd,
                                                   Direction direction);
  ~PipeStream() override { close(); }

  Deferred<Bytes> read(std::size_t bytes_max) override;
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> shutdown_write() override;
  void close() override;
  void abort() override { close(); }
  Address local_address() const override { return {}; }
  Address peer_address() const override { return {}; }
  bool broken() const override;

 private:
  PipeStream(Reactor& reactor, Descriptor fd, Direction direction)
      : reactor_(reactor), fd_(std::move(fd)), direction_(direction) {}
  void on_events(std::uint32_t) override;
  bool is_ready() const;
  Deferred<void> write_all(BytesList bytes);
  Result<Bytes> receive(std::size_t bytes_max);

  Reactor& reactor_;
  Descriptor fd_;
  Direction direction_;
  bool writing_ = false;  // stays when a write is cancelled: what the peer got is then no whole
  std::size_t bytes_max_ = 0;
  WaitList<Bytes> reading_;
  WaitList<void> writable_;
};

}  // namespace berth::os
