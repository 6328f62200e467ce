#pragma once

#include <stdlib.h>

#include <filesystem>

#include "async/world_suite.h"
#include "os/disk.h"
#include "os/network.h"
#include "os/process.h"
#include "os/random.h"
#include "os/reactor.h"
#include "os/temporary_folder_suite.h"
#include "os/workers.h"

namespace berth::os {

/// The real world, for the suites.
class RealSuiteWorld final : public SuiteWorld {
 public:
  explicit RealSuiteWorld(ReactorWish wish) : reactor_(wish) {}
  World& world() override { return world_; }
  std::string folder() override { return folder_.path; }
  std::vector<std::string> program(const std::string& name) override {
    if (name == "wait") return {"sleep", "1000"};
    return {"sh", "-c", name == "ok" ? "exit 0" : "exit 3"};
  }
  void turn() override { reactor_.turn(2ms); }

 private:
  Reactor reactor_;
  Network network_{reactor_};
  Workers workers_{2};
  Disk disk_{workers_};
  Process process_{reactor_};
  Random random_;
  World world_{reactor_, network_, disk_, process_, random_, workers_};
  TemporaryFolder folder_;
};

inline std::unique_ptr<SuiteWorld> make_epoll_world(std::uint64_t) {
  return std::make_unique<RealSuiteWorld>(ReactorWish::epoll);
}
/// On epoll again where the kernel refuses io_uring.
inline std::unique_ptr<SuiteWorld> make_io_uring_world(std::uint64_t) {
  return std::make_unique<RealSuiteWorld>(ReactorWish::io_uring);
}

}  // namespace berth::os

/// Runs a suite on the real world, once with each kind of reactor.
#define BERTH_REAL_SUITE(suite)                                      \
  INSTANTIATE_TEST_SUITE_P(                                          \
      Os, suite,                                                     \
      ::testing::Values(SuiteParameter{os::make_epoll_world, 0},     \
                        SuiteParameter{os::make_io_uring_world, 1}), \
      [](auto& each) -> std::string { return each.param.seed == 0 ? "epoll" : "io_uring"; })
