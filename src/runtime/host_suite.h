#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "os/host.h"
#include "os/real_world_suite.h"
#include "os/temporary_folder_suite.h"

namespace berth::runtime {

/// The real world and a folder of its own, for tests of what runs on a host.
struct HostTest : ::testing::Test, os::RealWorld {
  os::TemporaryFolder temporary;
  std::string folder = temporary.path;
  std::string state = folder + "/state";

  HostTest() : RealWorld(2) { std::filesystem::create_directories(state); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(folder + "/" + name).parent_path());
    std::ofstream(folder + "/" + name) << text;
  }
  std::string read(const std::string& name) const {
    return os::read_small_file(folder + "/" + name).value_or("");
  }
};

}  // namespace berth::runtime
