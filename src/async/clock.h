#pragma once

#include "async/deferred.h"
#include "async/timer_queue.h"
#include "base/time.h"

namespace berth {

/// Time as one reactor sees it, real or simulated. Timers fire on the reactor's thread.
class Clock {
 public:
  /// The time at the beginning of this turn of the reactor; does not move while callbacks run.
  virtual MonotonicTime now() const = 0;
  /// Read afresh, for measuring within a turn.
  virtual MonotonicTime exact_now() const = 0;
  virtual WallTime wall() const = 0;
  virtual TimerQueue& timers() = 0;

  /// Resolves once the time has come. Cancelling disarms.
  Deferred<void> until(MonotonicTime due);
  Deferred<void> after(Duration wait) { return until(now() + wait); }

 protected:
  ~Clock() = default;
};

namespace detail {
template <class T>
class TimeoutState final : public State<T>, ReadyNode, Timer {
 public:
  static Deferred<T> make(Clock& clock, Duration limit, Deferred<T> work) {
    auto* state = ::new (allocate_frame(sizeof(TimeoutState))) TimeoutState(std::move(work));
    Deferred<T> deferred(state);
    clock.timers().arm(*state, clock.now() + limit);
    state->work_.wait(*state);
    return deferred;
  }

 private:
  explicit TimeoutState(Deferred<T> work) : work_(std::move(work)) {}
  void run() override {
    disarm();
    Result<T> result = work_.take();
    if (expired_ && !result.ok() && result.error().is(Code::cancelled)) {
      this->resolve_error(Error::timed_out());
    } else {
      State<T>::resolve(std::move(result));
    }
    this->release_producer();
  }
  void fire() override {
    expired_ = true;
    work_.cancel();
  }
  void on_cancel() override { work_.cancel(); }
  void on_drop() override {
    disarm();
    unlink();
    work_.reset();
    this->release_producer();
  }
  void dispose() override {
    this->~TimeoutState();
    free_frame(this, sizeof(TimeoutState));
  }

  Deferred<T> work_;
  bool expired_ = false;
};
}  // namespace detail

/// `work`, cancelled after `limit`: the result is then `timed_out`, unless it had arrived already.
template <class T>
Deferred<T> with_timeout(Clock& clock, Duration limit, Deferred<T> work) {
  return detail::TimeoutState<T>::make(clock, limit, std::move(work));
}

}  // namespace berth
