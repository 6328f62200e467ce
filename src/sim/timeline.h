#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "async/clock.h"
#include "sim/random.h"

namespace berth::sim {

/// The time of a simulation, what is to happen in it, and the chance that decides what does. Moves
/// only when nothing is left to do at the present instant. What happens at the same instant happens
/// in the order in which it was asked for. Owned by Simulation; also the clock of the world itself
/// (the wires between hosts). Every event goes into the trace, whose hash tells two runs apart.
class Timeline final : public Clock {
 public:
  explicit Timeline(std::uint64_t seed) : random_(seed) {}

  MonotonicTime now() const override { return now_; }
  MonotonicTime exact_now() const override { return now_; }
  WallTime wall() const override { return {start_of_wall + now_.nanoseconds}; }
  TimerQueue& timers() override { return timers_; }
  Random& random() { return random_; }

  void at(MonotonicTime when, std::move_only_function<void()> event);
  void in(Duration wait, std::move_only_function<void()> event) {
    at(now_ + wait, std::move(event));
  }
  /// Evenly from `least` to `most`.
  Duration between(Duration least, Duration most);

  /// Adds a line to the trace: what happened, and two numbers that say to whom or how much.
  void note(std::string_view what, std::uint64_t a = 0, std::uint64_t b = 0);
  std::uint64_t trace_hash() const { return trace_; }
  /// Prints each line of the trace to standard error from now on.
  void print_trace(bool print) { print_ = print; }

  // For Simulation.
  bool has_event() const { return !events_.empty(); }
  MonotonicTime next_event() const { return events_.front().when; }
  void run_next_event();
  void advance(MonotonicTime to);

 private:
  /// 2024-01-01T00:00:00Z, so that wall clocks read like dates.
  static constexpr std::int64_t start_of_wall = 1'704'067'200'000'000'000;

  struct Event {
    MonotonicTime when;
    std::uint64_t number;
    std::move_only_function<void()> run;
  };
  static bool later(const Event& a, const Event& b) {
    return a.when != b.when ? a.when > b.when : a.number > b.number;
  }

  MonotonicTime now_{1'000'000'000};
  Random random_;
  TimerQueue timers_;
  std::vector<Event> events_;  // a heap, the earliest in front
  std::uint64_t events_made_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325;
  bool print_ = false;
};

}  // namespace berth::sim
