#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "async/clock.h"
#include "async/executor.h"
#include "os/descriptor.h"
#include "os/reactor_choice.h"

namespace berth::os {

/// A descriptor that the reactor watches, edge-triggered. Owned by whoever embeds it; must be
/// unwatched before it is destroyed.
class Watched {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  /// `events`: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR, EPOLLRDHUP as in epoll_ctl(2). May not
  /// destroy other Watched objects; resolving Deferreds is fine.
  virtual void on_events(std::uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

class Ring;

/// The event loop of one thread, on epoll or on io_uring (then with an epoll within, for what is
/// rare). A turn: wait for the kernel (not at all while work is
/// ready), hand out its events, fire timers that are due, take in posted work, run the ready list.
/// Everything that belongs to it lives on the thread that calls run(); only post() and stop() may
/// be called from elsewhere.
class Reactor final : public Clock, public Executor {
 public:
  /// What is wished and refused by the kernel is epoll; choice() says so.
  explicit Reactor(ReactorWish wish = wished_reactor());
  ~Reactor();

  /// What other reactors hand in without a lock: see ReactorGroup. Asked on this thread.
  class Inbox {
   public:
    /// Before a wait: false if something is there already; else who hands in calls wake().
    virtual bool fall_asleep() = 0;
    /// After each wait: takes what is there.
    virtual void wake_up() = 0;

   protected:
    ~Inbox() = default;
  };
  /// Null for none.
  void set_inbox(Inbox* inbox) { inbox_ = inbox; }
  /// From any thread: ends the present wait.
  void wake();

  const ReactorChoice& choice() const { return choice_; }
  /// Of io_uring, else null: then sockets use watch().
  Ring* ring() { return ring_.get(); }

  /// Turns until stop(); returns its code.
  int run();
  void stop(int code = 0);
  /// One turn that waits at most `wait`: for tests, and for run().
  void turn(Duration wait);

  MonotonicTime now() const override { return now_; }
  MonotonicTime exact_now() const override;
  WallTime wall() const override;
  TimerQueue& timers() override { return timers_; }
  void post(std::move_only_function<void()> task) override;

  /// Registers once for reading and writing, edge-triggered; the first events come in a later turn.
  Result<void> watch(int fd, Watched& watched);
  /// Call before closing `fd`: events of this turn for it are then forgotten too.
  void unwatch(int fd, Watched& watched);

 private:
  void choose(ReactorWish wish);
  int wait_for_kernel(Duration wait);
  void dispatch(int count);
  void take_posted();

  Descriptor epoll_;
  Descriptor wake_;
  MonotonicTime now_;
  TimerQueue timers_;
  std::unique_ptr<struct EventBatch> batch_;
  std::unique_ptr<Ring> ring_;
  ReactorChoice choice_;
  Inbox* inbox_ = nullptr;
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> posted_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> code_ = 0;
};

}  // namespace berth::os
