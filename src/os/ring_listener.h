#pragma once

#include <deque>
#include <memory>

#include "async/network.h"
#include "async/wait_list.h"
#include "os/network.h"
#include "os/reactor.h"
#include "os/ring.h"

namespace berth::os {

/// A listening socket on the Ring of a Reactor. While somebody waits an accept is armed that takes
/// one connection after another; those that came when nobody waited are kept for the next, at most
/// some, then it is ended and the peers wait in the kernel's backlog. When descriptors run out it
/// rests for 50 ms. Closing it resets what nobody took.
class RingListener final : public Listener, Timer {
 public:
  /// Beyond it the accept is ended; what had come in that turn is kept as well.
  static constexpr std::size_t untaken_max = 16;

  RingListener(Reactor& reactor, Descriptor fd, Deal deal = {});
  ~RingListener() override { close(); }

  Deferred<std::unique_ptr<ByteStream>> accept() override;
  Address address() const override { return address_; }
  void close() override;
  std::size_t untaken() const { return untaken_.size(); }

 private:
  /// What the kernel may hold: outlives the listener until the kernel has let go.
  struct Accept final : Completion {
    explicit Accept(RingListener& listener) : listener(&listener) {}
    void complete(int result, bool more, int buffer) override;
    RingListener* listener;
    bool under_way = false;
    bool stopping = false;
  };

  void fire() override { arm_accept(); }
  void arm_accept();
  void stop_accepting();
  void on_accepted(int result);
  std::unique_ptr<ByteStream> stream_of(Descriptor fd);

  Reactor& reactor_;
  Descriptor fd_;
  Address address_;
  Deal deal_;
  Accept* accept_;
  std::deque<Descriptor> untaken_;
  WaitList<std::unique_ptr<ByteStream>> waiting_;
};

}  // namespace berth::os
