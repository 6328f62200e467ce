#include <gtest/gtest.h>

#include <string_view>

#include "os/shim.h"

/// The test program is its own shim, as the berth binary is.
int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "shim") return berth::os::run_shim(argv[2]);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
