#pragma once

#include <functional>

#include "async/world.h"
#include "os/disk.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"
#include "os/reactor.h"
#include "os/workers.h"

namespace berth::os {

/// What a test's real world stands on: sockets, files and processes, by a reactor that the test
/// turns.
struct RealParts {
  explicit RealParts(std::size_t threads) : workers(threads) {}

  Reactor reactor;
  Network network{reactor};
  Workers workers;
  Disk disk{workers};
  Process process{reactor};
  Random random;

  /// Turns the reactor until it holds; false: not within `most`.
  bool until(const std::function<bool()>& holds, Duration most = 20s) {
    MonotonicTime end = reactor.exact_now() + most;
    while (!holds()) {
      if (reactor.exact_now() > end) return false;
      reactor.turn(2ms);
    }
    return true;
  }
  /// The result of `work`; timed_out where it takes longer than until() waits.
  template <class T>
  Result<T> run(Deferred<T> work) {
    if (!until([&] { return !work.pending(); })) {
      return Error(Code::timed_out, "the test waited too long");
    }
    return work.take();
  }
};

/// The real world for a test. One worker does its jobs in order.
struct RealWorld : RealParts {
  explicit RealWorld(std::size_t threads = 1) : RealParts(threads) {}
  World world{reactor, network, disk, process, random, workers};
};

/// The same, but the time is the test's.
template <class TestClock>
struct RealWorldBy : RealParts {
  explicit RealWorldBy(std::size_t threads = 1) : RealParts(threads) {}
  TestClock clock;
  World world{clock, network, disk, process, random, workers};
};

}  // namespace berth::os
