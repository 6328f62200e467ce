#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "async/process_suite.h"
#include "os/real_suite.h"

namespace berth {
BERTH_REAL_SUITE(ProcessSuite);

namespace os {
namespace {

/// What process.h promises of children of a kernel.
struct ChildTest : ::testing::Test {
  RealSuiteWorld suite{wished_reactor()};
  Process& process = static_cast<Process&>(suite.world().process);
  std::string folder = suite.folder();

  SpawnSpec shell(std::string script) {
    SpawnSpec spec;
    spec.argv = {"sh", "-c", std::move(script)};
    spec.env = {{"PATH", "/usr/bin:/bin"}, {"GREETING", "hello"}};
    spec.folder = folder;
    spec.output_path = folder + "/out";
    return spec;
  }
  std::unique_ptr<Child> spawn(SpawnSpec spec) {
    return suite.run(process.spawn(std::move(spec))).value();
  }
  ExitStatus end_of(Child& child) { return suite.run(child.wait()).value(); }
  std::string out() {
    std::ifstream file(folder + "/out");
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(ChildTest, gets_its_environment_its_folder_and_appends_its_output) {
  EXPECT_TRUE(end_of(*spawn(shell("echo $GREETING $HOME; pwd"))).good());
  EXPECT_TRUE(end_of(*spawn(shell("echo again >&2"))).good());
  EXPECT_EQ(out(), "hello\n" + folder + "\nagain\n");
}

TEST_F(ChildTest, whole_group_hears_a_signal) {
  auto child =
      spawn(shell("trap 'echo told; exit' TERM; (trap 'echo too' TERM; echo ready; "
                  "sleep 1000 & wait) & wait"));
  ASSERT_TRUE(suite.until([&] { return out() == "ready\n"; }));
  suite.run_for(20ms);
  child->send_signal(SIGTERM, true);
  end_of(*child);
  EXPECT_TRUE(suite.until([&] { return out().find("too") != std::string::npos; })) << out();
  EXPECT_NE(out().find("told"), std::string::npos);
}

TEST_F(ChildTest, detached_one_is_in_a_session_of_its_own) {
  SpawnSpec spec = shell(
      "read -r pid name state parent group session rest </proc/self/stat; "
      "echo $session");
  spec.detached = true;
  auto child = spawn(std::move(spec));
  std::int64_t pid = child->pid();
  end_of(*child);
  EXPECT_EQ(out(), std::to_string(pid) + "\n");
}

TEST_F(ChildTest, inherits_the_descriptors_that_it_is_given_and_no_other) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // not closed on exec
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  SpawnSpec spec = shell("echo for you >&3; ls /proc/self/fd");
  spec.inherited = {writing.get()};
  end_of(*spawn(std::move(spec)));
  char text[32];
  ssize_t got = ::read(reading.get(), text, sizeof text);
  EXPECT_EQ(std::string_view(text, static_cast<std::size_t>(std::max<ssize_t>(got, 0))),
            "for you\n");
  EXPECT_EQ(out(), "0\n1\n2\n3\n4\n");  // 4 is that of ls itself
}

TEST_F(ChildTest, folder_that_is_not_there_is_told) {
  SpawnSpec spec = shell("true");
  spec.folder = folder + "/none";
  auto failed = suite.run(process.spawn(std::move(spec)));
  ASSERT_FALSE(failed.ok());
  EXPECT_TRUE(failed.error().is(Code::not_found)) << failed.error().text();
  EXPECT_NE(failed.error().text().find("/none"), std::string::npos);
}

TEST_F(ChildTest, handle_that_goes_leaves_no_zombie) {
  std::int64_t pid = 0;
  {
    auto child = spawn(shell("sleep 0.02"));
    pid = child->pid();
  }
  siginfo_t info{};
  EXPECT_TRUE(suite.until([&] {
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) < 0;
  }));
}

}  // namespace
}  // namespace os
}  // namespace berth
