#pragma once

#include <csignal>
#include <utility>
#include <vector>

#include "async/dns_resolver.h"
#include "async/world.h"
#include "os/disk.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"
#include "os/reactor.h"
#include "os/signals.h"
#include "os/workers.h"

namespace berth::os {

/// The real world as one process of Berth has it: its reactor on this thread, its workers, its
/// signals. Made first, before any thread; outlives all else.
struct OwnWorld {
  explicit OwnWorld(std::size_t threads, std::vector<int> taken = {SIGTERM, SIGINT, SIGHUP})
      : signals(reactor, std::move(taken)), workers(threads) {}

  Reactor reactor;
  Signals signals;
  Workers workers;
  Network network{reactor};
  Disk disk{workers};
  Process process{reactor};
  Random random;
  DnsResolver resolver{reactor, network, disk, random};
  World world{reactor, network, disk, process, random, workers, &resolver};
};

}  // namespace berth::os
