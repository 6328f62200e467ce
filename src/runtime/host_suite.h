#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "async/world.h"
#include "os/disk.h"
#include "os/host.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"
#include "os/reactor.h"
#include "os/temporary_folder_suite.h"
#include "os/workers.h"

namespace berth::runtime {

/// The real world and a folder of its own, for tests of what runs on a host.
struct HostTest : ::testing::Test {
  os::Reactor reactor;
  os::Network network{reactor};
  os::Workers workers{2};
  os::Disk disk{workers};
  os::Process process{reactor};
  os::Random random;
  World world{reactor, network, disk, process, random, workers};
  os::TemporaryFolder temporary;
  std::string folder = temporary.path;
  std::string state = folder + "/state";

  HostTest() { std::filesystem::create_directories(state); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder + "/" + name).parent_path());
    std::ofstream(folder + "/" + name) << text;
  }
  std::string read(const std::string& name) const {
    return os::read_small_file(folder + "/" + name).value_or("");
  }
  /// Turns the reactor until it holds, at most some seconds.
  bool until(const std::function<bool()>& condition, Duration most = 20s) {
    MonotonicTime end = reactor.exact_now() + most;
    while (!condition()) {
      if (reactor.exact_now() > end) return false;
      reactor.turn(5ms);
    }
    return true;
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    bool done = until([&] { return !work.pending(); });
    if (!done) return Error(Code::timed_out, "the test waited too long");
    return work.take();
  }
};

}  // namespace berth::runtime
