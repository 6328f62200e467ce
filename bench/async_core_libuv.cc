#include <uv.h>

#include <vector>

#include "async_core.h"

namespace libuv_core {
namespace {
uv_loop_t* loop() {
  static uv_loop_t* made = [] {
    static uv_loop_t loop;
    uv_loop_init(&loop);
    return &loop;
  }();
  return made;
}
void heard(uv_timer_t*) {}
std::vector<uv_timer_t>& armed() {
  static std::vector<uv_timer_t> timers(timers_armed);
  return timers;
}
/// Its timers are told nothing when they are stopped.
void set_and_cancel(std::size_t times, bool first) {
  static std::uint32_t state = 2;
  uv_timer_t timer;
  uv_timer_init(loop(), &timer);
  for (std::size_t i = 0; i < times; ++i) {
    uv_timer_start(&timer, heard, next_wait(state, first), 0);
    uv_timer_stop(&timer);
  }
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  uv_run(loop(), UV_RUN_NOWAIT);
}
}  // namespace

void arm_timers() {
  std::uint32_t state = 1;
  for (auto& timer : armed()) {
    uv_timer_init(loop(), &timer);
    uv_timer_start(&timer, heard, next_wait(state), 0);
  }
}

void timers(std::size_t times) { set_and_cancel(times, false); }
void first_timers(std::size_t times) { set_and_cancel(times, true); }

void resets(std::size_t times) {
  static std::uint32_t state = 3;
  for (std::size_t i = 0; i < times; ++i) {
    auto& timer = armed()[next_timer(state)];
    uv_timer_stop(&timer);
    uv_timer_start(&timer, heard, next_wait(state), 0);
  }
}

}  // namespace libuv_core
