#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "os/ring_buffers.h"

namespace berth::os {

/// What a request to the kernel answers to. It lives until its last answer has come, whatever
/// becomes of those who asked.
class Completion {
 public:
  Completion() = default;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  /// `result`: what the system call would return, or -errno; `more`: others follow (multishot);
  /// `buffer`: the number of the provided buffer that was filled, or -1. Runs no code of others:
  /// what is resolved goes through the ready list.
  virtual void complete(int result, bool more, int buffer) = 0;

 protected:
  ~Completion() = default;
};

/// An io_uring of one Reactor, on its thread alone: takes requests, hands them to the kernel once a
/// turn together with the wait, and hands out answers. Destroying it cancels what is under way and
/// waits until the kernel has let go of all memory.
///
/// Beside sockets it watches one epoll descriptor for what is rare: signals, children, terminals,
/// datagrams, listeners.
class Ring {
 public:
  static constexpr unsigned requests_max = 512;  // more in one turn: submitted in between
  static constexpr unsigned answers_max = 4096;  // more in one turn: the kernel keeps them

  /// unsupported: the kernel (6.1 is the least) or a seccomp filter refuses it, or a part of it.
  static Result<std::unique_ptr<Ring>> make(int epoll);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  /// A request that answers to `completion`, to be filled by an io_uring_prep function, which would
  /// wipe out more: `completion` is set by start().
  io_uring_sqe& request();
  void start(io_uring_sqe& request, Completion& completion);
  /// What `completion` waits for answers -ECANCELED soon, if it did not end by itself.
  void cancel(Completion& completion);

  /// Submits what was requested and lets the kernel do what it can at once, without handing out
  /// answers: wait() does it each turn.
  void submit();
  /// Submits what was requested and waits for an answer, at most `wait`.
  void wait(Duration wait);
  void hand_out();
  /// True once after the epoll descriptor has become readable.
  bool take_epoll_ready();

  RingBuffers& buffers() { return buffers_; }

 private:
  class EpollReady final : public Completion {
   public:
    void complete(int result, bool, int) override { ready = result != -ECANCELED; }
    bool ready = false;
  };

  explicit Ring(int epoll) : epoll_(epoll) {}
  Result<void> set_up();
  void watch_epoll();

  io_uring ring_{};
  bool made_ = false;
  int epoll_;
  EpollReady epoll_ready_;
  RingBuffers buffers_;
  std::size_t under_way_ = 0;
};

}  // namespace berth::os
