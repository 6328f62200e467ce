#include "os/process.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "os/cgroup.h"
#include "os/disk.h"
#include "os/host.h"
#include "os/log_file.h"
#include "os/network.h"
#include "os/process_table.h"
#include "os/socket_address.h"
#include "os/temporary_folder_suite.h"
#include "os/workers.h"

namespace berth::os {
namespace {

namespace fs = std::filesystem;

struct ProcessTest : ::testing::Test {
  Reactor reactor;
  Network network{reactor};
  Process process{reactor};
  TemporaryFolder temporary;
  std::string folder = temporary.path;

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(folder + "/" + name).parent_path());
    std::ofstream(folder + "/" + name) << text;
  }
  std::string read(const std::string& name) const {
    return read_small_file(folder + "/" + name).value_or("");
  }
  template <class T>
  Result<T> run(Deferred<T> work) {
    for (int i = 0; i < 2000 && work.pending(); ++i) reactor.turn(5ms);
    return work.take();
  }
  SpawnSpec spec(std::vector<std::string> argv) const {
    return {.argv = std::move(argv), .env = {{"PATH", "/usr/bin:/bin"}}, .folder = folder};
  }
};

TEST_F(ProcessTest, program_that_is_not_there_is_told_with_the_path_searched) {
  auto found = process.find_program(spec({"python4"}));
  ASSERT_FALSE(found.ok());
  EXPECT_TRUE(found.error().is(Code::not_found));
  EXPECT_EQ(found.error().text(), "python4 is not installed or not in PATH (/usr/bin:/bin)");
  EXPECT_EQ(process.find_program(spec({"sh"})).value(), "/usr/bin/sh");
}

TEST_F(ProcessTest, program_that_may_not_be_executed_is_told) {
  write("tool", "#!/bin/sh\n");
  auto found = process.find_program(spec({"./tool"}));
  ASSERT_FALSE(found.ok());
  EXPECT_NE(found.error().text().find("is not executable: chmod +x"), std::string::npos);
  fs::permissions(folder + "/tool", fs::perms::owner_all);
  EXPECT_TRUE(process.find_program(spec({"./tool"})).ok());
  EXPECT_TRUE(process.find_program(spec({"./nothing"})).error().is(Code::not_found));
}

TEST_F(ProcessTest, listening_sockets_of_descendants_are_found) {
  auto listener = network.listen(Address::loopback(0)).value();
  auto here = listening_addresses(::getpid());
  EXPECT_NE(std::ranges::find(here, listener->address()), here.end());

  SpawnSpec python = spec({"sh", "-c",
                           "python3 -c 'import socket,time\n"
                           "s=socket.socket(); s.bind((\"127.0.0.1\",0)); s.listen()\n"
                           "t=socket.socket(socket.AF_INET6); t.bind((\"::1\",0)); t.listen()\n"
                           "open(\"ports\",\"w\").write(\"%d %d\" % (s.getsockname()[1],"
                           "t.getsockname()[1]))\n"
                           "time.sleep(60)' & wait"});
  auto child = run(process.spawn(python)).value();
  for (int i = 0; i < 2000 && read("ports").find(' ') == std::string::npos; ++i) reactor.turn(5ms);
  std::string ports = read("ports");
  auto found = listening_addresses(child->pid());
  ASSERT_EQ(found.size(), 2u) << ports;
  EXPECT_EQ(found[0].text(), "127.0.0.1:" + ports.substr(0, ports.find(' ')));
  EXPECT_EQ(found[1].text(), "[::1]:" + ports.substr(ports.find(' ') + 1));
  child->send_signal(SIGKILL, true);
  EXPECT_EQ(run(child->wait()).value().signal, SIGKILL);
  EXPECT_TRUE(listening_addresses(child->pid()).empty());
}

TEST_F(ProcessTest, unix_socket_of_a_long_path_is_reached) {
  std::string deep = folder + "/" + std::string(60, 'a') + "/" + std::string(60, 'b');
  fs::create_directories(deep);
  auto listener = network.listen(Address::unix_path(deep + "/x.sock")).value();
  EXPECT_TRUE(fs::exists(deep + "/x.sock"));
  auto stream = run(network.connect(Address::unix_path(deep + "/x.sock")));
  ASSERT_TRUE(stream.ok()) << stream.error().text();
  EXPECT_TRUE(run(listener->accept()).ok());
  EXPECT_TRUE(
      run(network.connect(Address::unix_path(deep + "/y.sock"))).error().is(Code::unavailable));
}

TEST_F(ProcessTest, listing_tells_links_and_programs) {
  Workers workers{1};
  Disk disk{workers};
  write("tool", "x");
  fs::permissions(folder + "/tool", fs::perms::owner_all);
  fs::create_symlink("tool", folder + "/link");
  fs::create_symlink("nowhere", folder + "/broken");
  auto entries = run(disk.list(folder)).value();
  std::ranges::sort(entries, {}, &FolderEntry::name);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].link, "nowhere");
  EXPECT_EQ(entries[1].link, "tool");
  EXPECT_TRUE(entries[1].executable);
  EXPECT_EQ(entries[2].link, "");
  EXPECT_TRUE(entries[2].executable);
}

TEST_F(ProcessTest, log_cuts_long_lines_and_rotates) {
  LogFile log(folder + "/x.log", 40'000);
  log.take("short\nno end");
  EXPECT_EQ(read("x.log").substr(13), " short\n");
  log.take("\n" + std::string(20'000, 'a'));
  log.take(std::string(20'000, 'y') + "\nnext\n");
  std::string text = read("x.log");
  EXPECT_EQ(text.find('y'), std::string::npos);
  EXPECT_NE(text.find("aaa…\n"), std::string::npos);
  std::size_t begin = text.find(" aaa") + 1;
  EXPECT_EQ(text.find('\n', begin) - begin, LogFile::line_bytes_max);
  for (int i = 0; i < 9; ++i) log.take(std::string(10'000, 'z') + "\n");
  EXPECT_TRUE(fs::exists(folder + "/x.log.1"));
  EXPECT_TRUE(fs::exists(folder + "/x.log.2"));
  EXPECT_FALSE(fs::exists(folder + "/x.log.3"));
}

TEST_F(ProcessTest, log_tells_what_was_lost_once_it_can_write_again) {
  LogFile log(folder + "/later/x.log", 40'000);
  log.take("lost\n");
  EXPECT_EQ(log.dropped(), 1u);
  fs::create_directories(folder + "/later");
  log.take("found\n");
  std::string text = read("later/x.log");
  EXPECT_NE(text.find("berth: output was lost here"), std::string::npos);
  EXPECT_NE(text.find(" found\n"), std::string::npos);
}

/// Cgroups on files of our own, which behave as the kernel's where they must.
struct CgroupTest : ProcessTest {
  CgroupPlaces places{folder + "/mountinfo", folder + "/own"};
  void mount(const std::string& own) const {
    write("mountinfo", "35 24 0:30 / " + folder + "/tree rw - cgroup2 cgroup2 rw\n");
    write("own", "3:cpu:/elsewhere\n0::" + own + "\n");
  }
  void group(const std::string& path, const std::string& controllers, const std::string& handed) {
    write("tree" + path + "/cgroup.controllers", controllers + "\n");
    write("tree" + path + "/cgroup.subtree_control", handed + "\n");
  }
};

TEST_F(CgroupTest, version_1_only_is_told) {
  write("mountinfo", "35 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  auto made = Cgroup::make("berth-x", {1 << 20, 0}, places);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().text().find("cgroup version 1 only"), std::string::npos);
}

TEST_F(CgroupTest, missing_controller_is_told) {
  mount("/a");
  group("", "cpu", "cpu");
  group("/a", "cpu", "");
  auto made = Cgroup::make("berth-x", {1 << 20, 0}, places);
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().text().find("no memory controller"), std::string::npos);
}

TEST_F(CgroupTest, nearest_group_that_hands_the_controllers_on_is_taken) {
  mount("/a/b");
  group("", "cpu memory", "cpu memory");
  group("/a", "cpu memory", "memory cpu");
  group("/a/b", "cpu memory", "");
  fs::remove(folder + "/tree/a/b/cgroup.subtree_control");
  // Files of the new group are the kernel's; here they stand there before.
  for (auto file : {"cgroup.procs", "memory.max", "memory.swap.max", "memory.oom.group",
                    "cpu.weight", "memory.events"}) {
    write(std::string("tree/a/berth-x/") + file, "");
  }
  auto made = Cgroup::make("berth-x", {128 << 20, 200}, places);
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ((*made)->path(), folder + "/tree/a/berth-x");
  EXPECT_EQ(read("tree/a/berth-x/memory.max"), "134217728");
  EXPECT_EQ(read("tree/a/berth-x/memory.swap.max"), "0");
  EXPECT_EQ(read("tree/a/berth-x/cpu.weight"), "20");
  EXPECT_EQ((*made)->out_of_memory_kills(), 0u);
  write("tree/a/berth-x/memory.events", "low 0\noom 3\noom_kill 2\n");
  EXPECT_EQ((*made)->out_of_memory_kills(), 2u);
}

/// The kernel's own tree, where this user may write to it.
TEST_F(ProcessTest, cgroup_of_the_kernel_holds_the_child_before_it_executes) {
  auto made = Cgroup::make("berth-test-" + std::to_string(::getpid()), {});
  if (!made.ok()) GTEST_SKIP() << made.error().text();
  std::string path = (*made)->path();
  SpawnSpec child = spec({"sh", "-c", "cat /proc/self/cgroup > where; setsid sleep 60 & sleep 60"});
  int pid = spawn_process(child, (*made)->procs()).value();
  EXPECT_TRUE((*made)->holds(pid));
  for (int i = 0; i < 2000 && read("where").find('\n') == std::string::npos; ++i) {
    reactor.turn(5ms);
  }
  EXPECT_NE(read("where").find("/berth-test-"), std::string::npos);
  made->reset();  // kills what is in it, whatever its group
  EXPECT_FALSE(fs::exists(path));
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status));
}

}  // namespace
}  // namespace berth::os
