#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace berth::os {

/// A folder that goes with its test.
struct TemporaryFolder {
  TemporaryFolder() {
    path = ::testing::TempDir() + "berth-test-XXXXXX";
    EXPECT_TRUE(::mkdtemp(path.data()));
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

}  // namespace berth::os
