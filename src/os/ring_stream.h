#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "async/network.h"
#include "async/wait_list.h"
#include "os/reactor.h"
#include "os/ring_socket.h"
#include "os/socket_stream.h"

namespace berth::os {

/// A connected TCP or Unix socket on the Ring of a Reactor. The first read arms a receive that
/// stays armed; what comes while nobody reads is kept up to a limit, beyond which the receive is
/// ended until half of it was read: the kernel's buffer fills then, and the peer has to wait. What
/// one turn brings may go over the limit by the Ring's buffers. Writes go to the kernel with all
/// else at the end of the turn.
class RingStream final : public SocketStream, RingSocket::Owner {
 public:
  static constexpr std::size_t unread_bytes_max = 64 << 10;
  static constexpr std::size_t unread_pieces_max = 32;
  /// Smaller pieces are copied when they are kept, so that each does not hold a whole buffer.
  static constexpr std::size_t copied_bytes_max = RingBuffers::buffer_bytes / 8;

  /// Takes over a nonblocking socket that is connected, or about to be: see connected().
  RingStream(Ring& ring, Descriptor fd, Address peer);
  ~RingStream() override { close(); }

  Deferred<Bytes> read(std::size_t bytes_max) override;
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> shutdown_write() override;
  void close() override;
  void abort() override;
  Address local_address() const override;
  Address peer_address() const override { return peer_; }
  bool broken() const override;

  /// Resolves once the connection that was begun stands; errors as Network::connect.
  Deferred<void> connected();
  /// What is kept because nobody has read it.
  std::size_t unread_bytes() const { return unread_bytes_; }

 private:
  int socket() const override { return socket_ ? socket_->descriptor() : -1; }
  Deferred<void> until_writable() override;
  Deferred<void> pause() override { return until_writable(); }
  void set_more_follows(bool more) override { more_follows_ = more; }
  void cut_write() override { write_cut_ = true; }
  void on_received(int result, bool more, Bytes bytes) override;
  void on_sent(int error) override;
  void keep(Bytes bytes);
  Bytes take_unread(std::size_t bytes_max);
  Result<Bytes> end() const;
  bool may_receive() const;
  Error closed() const;
  /// A write was cancelled while the kernel had it: what the peer got so far is no whole.
  bool write_cut() const { return socket_->sending() ? writing_.empty() : write_cut_; }

  RingSocket* socket_;  // null once closed
  Address peer_;
  bool connecting_ = false;
  bool more_follows_ = false;
  bool ended_ = false;        // the peer's half ended or broke
  bool orderly_end_ = false;  // it ended
  bool half_ended_ = false;   // ours did
  bool write_cut_ = false;
  std::optional<Error> failure_;
  std::vector<Bytes> unread_;
  std::size_t unread_bytes_ = 0;
  std::size_t wanted_ = 0;
  WaitList<Bytes> reading_;
  WaitList<void> writing_;
};

}  // namespace berth::os
