#pragma once

#include "async/world.h"
#include "os/disk.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"
#include "os/reactor.h"
#include "os/workers.h"

namespace berth {

/// The real world for the bus's benchmarks.
struct BenchWorld {
  os::Reactor reactor;
  os::Network network{reactor};
  os::Workers workers{2};
  os::Disk disk{workers};
  os::Process process{reactor};
  os::Random random;
  World world{reactor, network, disk, process, random, workers};

  template <class T>
  Result<T> run(Deferred<T> work) {
    while (work.pending()) reactor.turn(1s);
    return work.take();
  }
};

}  // namespace berth
