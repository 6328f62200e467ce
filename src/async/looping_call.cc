#include "async/looping_call.h"

namespace berth {

Deferred<void> LoopingCall::Loop::wait_until(MonotonicTime due) {
  wake = Promise<void>();
  clock.timers().arm(*this, due);
  return wake.deferred();
}

Deferred<void> LoopingCall::start(Duration interval, First first) {
  check(!loop_->running, "a LoopingCall that runs was started");
  check(interval >= Duration(0), "a LoopingCall with a negative interval");
  return run(loop_, interval, first);
}

void LoopingCall::stop() {
  if (!loop_->running) return;
  loop_->stopping = true;
  if (!loop_->armed()) return;  // a call is under way
  loop_->disarm();
  loop_->wake.callback();
}

Deferred<void> LoopingCall::run(std::shared_ptr<Loop> loop, Duration interval, First first) {
  struct Running {
    explicit Running(Loop& of) : loop(of) { loop.running = true; }
    ~Running() {
      loop.disarm();
      loop.running = false;
      loop.stopping = false;
    }
    Loop& loop;
  } running(*loop);

  MonotonicTime start = loop->clock.now();
  auto intervals = [start, interval](MonotonicTime until) -> std::uint64_t {
    return interval > Duration(0) ? static_cast<std::uint64_t>((until - start) / interval) : 0;
  };
  std::uint64_t last = 0;
  bool wait = first == First::after_interval;
  for (;;) {
    if (wait) {
      // Afresh: a call that took long within its turn has used up intervals too.
      std::uint64_t next = intervals(loop->clock.exact_now()) + 1;
      co_await loop->wait_until(start + static_cast<std::int64_t>(next) * interval);
      if (loop->stopping) co_return;
    }
    std::uint64_t now = intervals(loop->clock.now());
    std::uint64_t passed = wait && interval > Duration(0) ? now - last : 1;
    last = now;
    wait = true;
    co_await loop->call(passed);
    if (loop->stopping) co_return;
  }
}

}  // namespace berth
