#include "async/clock.h"

namespace berth {
namespace {

class SleepState final : public State<void>, Timer {
 public:
  static Deferred<void> make(TimerQueue& timers, MonotonicTime due) {
    auto* state = ::new (allocate_frame(sizeof(SleepState))) SleepState();
    timers.arm(*state, due);
    return Deferred<void>(state);
  }

 private:
  void fire() override {
    resolve();
    release_producer();
  }
  void on_cancel() override {
    disarm();
    resolve_error(Error::cancelled());
    release_producer();
  }
  void on_drop() override {
    disarm();
    release_producer();
  }
  void dispose() override {
    this->~SleepState();
    free_frame(this, sizeof(SleepState));
  }
};

}  // namespace

Deferred<void> Clock::until(MonotonicTime due) { return SleepState::make(timers(), due); }

}  // namespace berth
