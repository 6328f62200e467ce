#include "app/other_terminal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "os/host.h"

namespace berth::app {
namespace {

TEST(OtherTerminal, needs_an_alias_where_this_berth_is_not_in_the_path) {
  std::string program = os::own_program();
  EXPECT_EQ(other_terminal_needs("/srv/shop"), "alias berth='" + program + " -C /srv/shop'");
}

TEST(OtherTerminal, needs_only_the_folder_where_it_is) {
  auto folder =
      std::filesystem::temp_directory_path() / ("berth-path-" + std::to_string(os::own_pid()));
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink(os::own_program(), folder / "berth");
  std::string path = std::getenv("PATH");
  ::setenv("PATH", (folder.string() + ":" + path).c_str(), 1);
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(other_terminal_needs("/srv/shop"), "cd /srv/shop");
  EXPECT_EQ(other_terminal_needs("/home/me/my shop"), "cd ~/'my shop'");
  ::setenv("PATH", path.c_str(), 1);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace berth::app
