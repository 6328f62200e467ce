#pragma once

#include <memory>
#include <optional>

#include "async/network.h"
#include "os/reactor.h"
#include "os/socket_stream.h"

namespace berth::os {

/// A connected TCP or Unix socket on a Reactor. Watched, edge-triggered, from the first wait on:
/// one that was accepted with its request there already and is closed after the answer never is.
/// `readable_` and `writable_` remember the edges, so that no system call is made that could only
/// say "not yet".
class Stream final : public SocketStream, Watched {
 public:
  /// Takes over a nonblocking socket that is connected, or (`connecting`) about to be.
  static Result<std::unique_ptr<Stream>> adopt(Reactor& reactor, Descriptor fd, Address peer,
                                               bool connecting = false);
  ~Stream() override;

  Deferred<Bytes> read(std::size_t bytes_max) override;
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> shutdown_write() override;
  void close() override;
  void abort() override;
  Address local_address() const override;
  Address peer_address() const override { return peer_; }
  bool broken() const override;

  int descriptor() const { return fd_.get(); }
  /// Resolves once the connection stands; errors as Network::connect.
  Deferred<void> connected();

 private:
  class ReadOperation;
  class WriteOperation;

  Stream(Reactor& reactor, Descriptor fd, Address peer)
      : reactor_(reactor), fd_(std::move(fd)), peer_(std::move(peer)) {}
  int socket() const override { return fd_.get(); }
  Deferred<void> until_writable() override;
  Deferred<void> pause() override { return reactor_.after(Duration(0)); }
  void set_more_follows(bool more) override { more_follows_ = more; }
  void cut_write() override { write_cut_ = true; }
  void on_events(std::uint32_t events) override;
  /// What waits from now on hears of its socket; an error if the kernel can't.
  Result<void> ensure_watched();
  /// True if the read is answered: `result` then holds it.
  bool try_receive(std::size_t bytes_max, Result<Bytes>& result);
  /// True if all was sent or it failed; removes from `bytes` what was sent.
  bool try_send(BytesList& bytes, Result<void>& result);
  Error closed() const;

  Reactor& reactor_;
  Descriptor fd_;
  Address peer_;
  bool watched_ = false;
  mutable bool readable_ = true;
  bool writable_ = true;
  bool connecting_ = false;
  bool more_follows_ = false;
  bool ended_ = false;        // the peer's half ended or broke
  bool orderly_end_ = false;  // it ended
  bool half_ended_ = false;   // ours did
  bool write_cut_ = false;    // a write was cancelled: what the peer got so far is no whole
  /// The kernel tells an error once, and then an end that was none.
  std::optional<Error> failure_;
  ReadOperation* reading_ = nullptr;
  WriteOperation* writing_ = nullptr;
};

}  // namespace berth::os
