#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>

#include "os/descriptor.h"
#include "os/ring.h"

namespace berth::os {

/// Some pieces of a list in the kernel's form.
struct Pieces {
  static constexpr std::size_t pieces_max = 16;
  iovec pieces[pieces_max];
  std::size_t count = 0;
  std::size_t total = 0;

  /// The first that are not empty.
  static Pieces of(const BytesList& bytes);
};

/// What the kernel may hold of one connection: its descriptor, the receive that is armed, the bytes
/// that it sends. Made by a stream, which hears of what happens until it lets go; from then on it
/// belongs to the Ring, cancels what is under way, and closes and deletes itself when the kernel
/// has let go as well: at once, or in the next turn.
class RingSocket {
 public:
  class Owner {
   public:
    /// `more`: the receive stays armed. `result`: as of recv(2), or -errno.
    virtual void on_received(int result, bool more, Bytes bytes) = 0;
    /// All was sent, or 0 of errno; also the end of wait_until_writable().
    virtual void on_sent(int error) = 0;

   protected:
    ~Owner() = default;
  };

  RingSocket(Ring& ring, Descriptor fd, Owner& owner)
      : ring_(ring), fd_(std::move(fd)), owner_(&owner) {}
  /// The owner's last call.
  void let_go();

  int descriptor() const { return fd_.get(); }
  bool receiving() const { return receive_.under_way; }
  bool sending() const { return send_.under_way; }
  /// Arms the receive; nothing if it is.
  void receive();
  /// Ends the receive soon: on_received(-ECANCELED) unless it ended by itself.
  void stop_receiving();
  /// One at a time. `more`: other bytes follow directly.
  void send(BytesList bytes, bool more = false);
  void wait_until_writable();

 private:
  struct Receive final : Completion {
    explicit Receive(RingSocket& socket) : socket(socket) {}
    void complete(int result, bool more, int buffer) override;
    RingSocket& socket;
    bool under_way = false;
    bool stopping = false;
  };
  struct Send final : Completion {
    explicit Send(RingSocket& socket) : socket(socket) {}
    void complete(int result, bool more, int buffer) override;
    RingSocket& socket;
    bool under_way = false;
    bool more = false;
    BytesList bytes;
    Pieces pieces;
    msghdr message{};
  };

  ~RingSocket() = default;
  void send_pieces();
  void delete_when_free() {
    if (!receive_.under_way && !send_.under_way) delete this;
  }

  Ring& ring_;
  Descriptor fd_;
  Owner* owner_;
  Receive receive_{*this};
  Send send_{*this};
};

}  // namespace berth::os
