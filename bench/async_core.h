#pragma once

#include <cstddef>
#include <cstdint>

// What async_core.cc measures, as each of the frameworks does it. Each function does its operation
// `times` times.

/// Timers that are armed while others are set and cancelled.
inline constexpr std::size_t timers_armed = 1'000'000;

/// How long from now a timer is set, in milliseconds: 1 s to about an hour, in no order.
inline std::uint32_t next_wait(std::uint32_t& state) {
  state = state * 1664525 + 1013904223;
  return 1000 + (state >> 10);
}

/// The same; or, where it is to be the `first`, sooner than all that are armed.
inline std::uint32_t next_wait(std::uint32_t& state, bool first) {
  return first ? 900 : next_wait(state);
}

inline std::size_t next_timer(std::uint32_t& state) {
  state = state * 1664525 + 1013904223;
  return state % timers_armed;
}

namespace asio_core {
/// What follows runs on an io_context that threads may share (true), which is what its default
/// constructor makes, or on one for a single thread, its cheapest form.
void let_threads_share(bool share);
/// A coroutine awaits one that answers at once.
void awaits(std::size_t times);
/// Each callback puts the next into the queue.
void hops(std::size_t times);
/// A coroutine goes to the end of the queue.
void awaited_hops(std::size_t times);
/// A coroutine starts another on the executor and awaits its end.
void spawns(std::size_t times);
void arm_timers();
/// A timer is set, cancelled, and its callback hears of that.
void timers(std::size_t times);
/// The same with one that is due before all others, as most deadlines are.
void first_timers(std::size_t times);
/// One of those that are armed, any, is cancelled, its callback hears of that, and it is set anew.
void resets(std::size_t times);
void disarm_timers();
}  // namespace asio_core

namespace libuv_core {
void arm_timers();
void timers(std::size_t times);
void first_timers(std::size_t times);
void resets(std::size_t times);
}  // namespace libuv_core
