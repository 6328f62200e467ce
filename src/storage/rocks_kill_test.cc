#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "storage/rocks_suite.h"

// Tests in which the store lives in another process: this program started once more, told by its
// environment what to do instead of testing.

extern char** environ;

namespace berth::storage {
namespace {

constexpr const char* role_variable = "BERTH_STORE_TEST_ROLE";
constexpr const char* folder_variable = "BERTH_STORE_TEST_FOLDER";
constexpr int not_possible_here = 77;

void say(const std::string& line) {
  EXPECT_GT(::write(STDOUT_FILENO, line.data(), line.size()), 0);
}

/// Commits "k1", "k2", ... with many on their way, and says each with its revision once it was
/// acknowledged, until it is killed.
int commit_until_killed(const std::string& folder) {
  Host host;
  auto store = host.open({.folder = folder}).value();
  auto number = host.run(read_all(*store, prefix_range("k"))).value().entries.size();
  std::deque<std::pair<std::string, Deferred<Revision>>> under_way;
  for (;;) {
    while (under_way.size() < 16) {
      std::string key = "k" + std::to_string(++number);
      under_way.emplace_back(key, store->commit(Batch().put(key, key)));
    }
    auto made = host.run(std::move(under_way.front().second));
    if (!made.ok()) {
      say("error " + made.error().text() + "\n");
      return 1;
    }
    say(under_way.front().first + " " + std::to_string(*made) + "\n");
    under_way.pop_front();
  }
}

bool write_file(const char* path, const std::string& text) {
  std::ofstream file(path);
  return !!(file << text << std::flush);
}

/// Makes a disk of 28 MiB that only this process sees.
bool mount_small_disk(const std::string& folder) {
  std::string user = std::to_string(::getuid());
  std::string group = std::to_string(::getgid());
  return ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
         write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", "0 " + user + " 1") &&
         write_file("/proc/self/gid_map", "0 " + group + " 1") &&
         ::mount("store", folder.c_str(), "tmpfs", 0, "size=28m") == 0;
}

/// A real full disk: 0 if all held.
int fill_a_disk(const std::string& folder) {
  if (!mount_small_disk(folder)) return not_possible_here;
  Host host;
  RocksOptions options{.folder = folder + "/store"};
  auto store = host.open(options).value();
  if (!write_file((folder + "/ballast").c_str(), std::string(16 << 20, 'b'))) return 2;
  std::map<std::string, Revision> acknowledged;
  auto commit = [&]() {
    std::string key = "k" + std::to_string(acknowledged.size());
    std::string value(100'000, ' ');  // that no compression makes small
    host.random.secret_bytes(value.data(), value.size());
    auto made = host.run(store->commit(Batch().put(key, value)));
    if (made.ok()) acknowledged[key] = *made;
    return made;
  };
  auto complete = [&] {
    auto missing = acknowledged;
    auto page = host.run(read_all(*store, {})).value();
    for (auto& entry : page.entries) {
      if (acknowledged[entry.key] == entry.changed) missing.erase(entry.key);
    }
    return missing.empty();
  };
  Result<Revision> last = commit();
  for (int i = 0; i < 600 && last.ok(); ++i) last = commit();
  if (last.ok() || !last.error().is(Code::disk_full)) return 3;
  if (!complete()) return 4;  // reads go on
  std::filesystem::remove(folder + "/ballast");
  for (int i = 0; i < 5; ++i) {
    auto again = host.run(store->commit(Batch().put("again", std::to_string(i))));
    if (!again.ok()) return say(again.error().text() + "\n"), 5;
    acknowledged["again"] = *again;
  }
  if (!host.run(store->close()).ok()) return 6;
  store = host.open(options).value();
  return complete() ? 0 : 7;
}

class OtherRoles final : public ::testing::Environment {
  void SetUp() override {
    const char* role = ::getenv(role_variable);
    const char* folder = ::getenv(folder_variable);
    if (!role || !folder) return;
    ::_exit(role == std::string("commit") ? commit_until_killed(folder) : fill_a_disk(folder));
  }
};
const auto* const other_roles = ::testing::AddGlobalTestEnvironment(new OtherRoles);

/// This program in another role, with what it says.
struct Child {
  pid_t pid = 0;
  FILE* says = nullptr;

  Child(const char* role, const std::string& folder) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string role_text = std::string(role_variable) + "=" + role;
    std::string folder_text = std::string(folder_variable) + "=" + folder;
    std::vector<char*> environment{role_text.data(), folder_text.data()};
    for (char** each = environ; *each; ++each) environment.push_back(*each);
    environment.push_back(nullptr);
    char name[] = "/proc/self/exe";
    char quiet[] = "--gtest_brief=1";
    char filter[] = "--gtest_filter=RocksKill*";
    char* arguments[] = {name, quiet, filter, nullptr};
    EXPECT_EQ(::posix_spawn(&pid, name, &actions, nullptr, arguments, environment.data()), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    says = ::fdopen(ends[0], "r");
  }
  ~Child() {
    ::fclose(says);
    if (pid == 0) return;  // was waited for
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  /// A line without its end; empty: it says no more.
  std::string line() {
    char text[512];
    if (!::fgets(text, sizeof text, says)) return {};
    std::string all = text;
    if (all.ends_with('\n')) all.pop_back();
    return all;
  }
};

struct RocksKill : RocksTest {};

TEST_F(RocksKill, what_was_acknowledged_before_a_kill_9_is_there_in_order_without_gaps) {
  std::map<std::string, Revision> acknowledged;
  auto note = [&](const std::string& line) {
    auto space = line.find(' ');
    if (!line.starts_with('k') || space == std::string::npos) return;
    acknowledged[line.substr(0, space)] = std::stoull(line.substr(space));
  };
  for (int round = 0; round < 4; ++round) {
    {
      Child child("commit", folder.path);
      for (auto left = 1 + host.random.below(400); left > 0;) {
        std::string line = child.line();
        ASSERT_FALSE(line.empty() || line.starts_with("error")) << line;
        note(line);
        left -= line.starts_with('k');
      }
      if (round == 0) {
        auto opened = host.open(options);
        ASSERT_FALSE(opened.ok());
        EXPECT_EQ(opened.error().code(), Code::in_use) << opened.error().text();
      }
      ::kill(child.pid, SIGKILL);
      // What it had said before is acknowledged too; the last line may be torn.
      for (std::string line; !(line = child.line()).empty();) {
        if (!::feof(child.says)) note(line);
      }
    }
    open();
    auto page = all();
    ASSERT_GE(page.entries.size(), acknowledged.size());
    EXPECT_EQ(page.revision, page.entries.size());
    std::map<std::string, Revision> found;
    for (auto& entry : page.entries) found[entry.key] = entry.changed;
    for (auto& [key, revision] : acknowledged) EXPECT_EQ(found[key], revision) << key;
    for (Revision i = 1; i <= page.revision; ++i) EXPECT_EQ(found["k" + std::to_string(i)], i);
    close();
  }
}

TEST_F(RocksKill, a_real_full_disk_loses_nothing) {
  Child child("fill", folder.path);
  std::string said;
  for (std::string line; !(line = child.line()).empty();) said += line + "\n";
  int status = 0;
  ASSERT_EQ(::waitpid(child.pid, &status, 0), child.pid);
  child.pid = 0;
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == not_possible_here) {
    GTEST_SKIP() << "no disk may be mounted in a user's name space here";
  }
  EXPECT_EQ(WEXITSTATUS(status), 0) << said;
}

}  // namespace
}  // namespace berth::storage
