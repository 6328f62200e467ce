#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "async/clock.h"

namespace berth {

/// Calls a function again and again: Twisted's LoopingCall.
///
/// Calls come at whole intervals after the start, so that they do not drift, and never overlap: one
/// that answers with a Deferred is waited for, and the intervals that went by meanwhile are
/// skipped. The function may return nothing, a Result<void> or a Deferred<void>, and may take the
/// number of intervals since the last call (1: none was skipped; Twisted's withCount). An error
/// ends the loop and is that of start()'s Deferred. Belongs to one thread; the clock outlives it.
/// It may be destroyed, and replaced, while it runs: the loop belongs to the Deferred.
class LoopingCall {
 public:
  template <class F>
    requires(!std::is_same_v<F, LoopingCall>)
  LoopingCall(Clock& clock, F call)
      : loop_(std::make_shared<Loop>(
            clock, [call = std::move(call)](std::uint64_t intervals) mutable -> Deferred<void> {
              return detail::answer<void, true>([&]() -> decltype(auto) {
                if constexpr (std::is_invocable_v<F&, std::uint64_t>) {
                  return call(intervals);
                } else {
                  return call();
                }
              });
            })) {}

  enum class First { at_once, after_interval };

  /// Begins; once at a time. Resolves after stop(), fails with a call's error. Cancelling or
  /// dropping it ends the loop as well, and the call that is under way with it. With interval 0
  /// each turn of the reactor calls once.
  Deferred<void> start(Duration interval, First first = First::at_once);
  /// No further call; one that is under way is waited for. Does nothing if it does not run.
  void stop();
  bool running() const { return loop_->running; }

 private:
  struct Loop final : Timer {
    using Call = std::move_only_function<Deferred<void>(std::uint64_t)>;
    Loop(Clock& of, Call calls) : clock(of), call(std::move(calls)) {}
    void fire() override { wake.callback(); }
    Deferred<void> wait_until(MonotonicTime due);

    Clock& clock;
    Call call;
    Promise<void> wake;
    bool running = false;
    bool stopping = false;
  };
  static Deferred<void> run(std::shared_ptr<Loop> loop, Duration interval, First first);

  std::shared_ptr<Loop> loop_;
};

}  // namespace berth
