#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "async/executor.h"
#include "sim/host.h"

namespace berth::sim {

/// A world of hosts in one thread, in virtual time, from one seed: the same seed and the same
/// program make the same run, with the same `trace_hash`. What happens next is what is ready, then
/// the earliest event or timer. One at a time on a thread; it is this thread's reactor and outlives
/// all that was made with its Worlds. A program that never lets time go on is a bug and crashes.
class Simulation final : public Executor {
 public:
  static constexpr std::size_t steps_at_once_max = 2'000'000;

  explicit Simulation(std::uint64_t seed);
  ~Simulation();

  /// Its address is 10.0.0.N, from 1.
  Host& add_host(std::string name);
  Host& host(std::size_t index) { return hosts_[index]; }
  std::size_t hosts() const { return hosts_.size(); }

  /// One instant: all that is ready, and one event or the timers that are due. False: nothing is
  /// left that could happen.
  bool step();
  /// The event or the timers of a step alone: what becomes ready by it waits for the next step, or
  /// for a test that looks between (ReadyList::run).
  bool happen();
  void run_for(Duration time);
  /// Until it holds; false if it did not within `limit`.
  bool run_until(const std::function<bool()>& holds, Duration limit = 10min);
  /// The result; timed_out where it takes longer than `limit`.
  template <class T>
  Result<T> run(Deferred<T> work, Duration limit = 10min) {
    if (run_until([&] { return !work.pending(); }, limit)) return work.take();
    return Error(Code::timed_out, "it takes longer than the simulation waits");
  }

  void post(std::move_only_function<void()> task) override;

  Random& random() { return timeline.random(); }
  MonotonicTime now() const { return timeline.now(); }
  std::uint64_t trace_hash() const { return timeline.trace_hash(); }

  Timeline timeline;
  Fabric fabric{timeline};

 private:
  void run_ready();

  std::deque<Host> hosts_;
  std::size_t steps_at_once_ = 0;
};

}  // namespace berth::sim
