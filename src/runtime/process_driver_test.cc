#include "runtime/process_driver.h"

#include <gtest/gtest.h>

#include "base/id.h"
#include "runtime/host_suite.h"
#include "runtime/log_path.h"

namespace berth::runtime {
namespace {

namespace fs = std::filesystem;

struct ProcessDriverTest : HostTest {
  std::unique_ptr<ProcessDriver> driver = make_driver();
  int starts = 0;

  std::unique_ptr<ProcessDriver> make_driver() {
    return std::make_unique<ProcessDriver>(
        world, Log(), ProcessDriverOptions{os::own_program(), state, os::own_environment()});
  }
  ~ProcessDriverTest() override {
    auto left = run(driver->find());
    if (!left.ok()) return;
    for (auto& instance : *left) {
      (void)run(instance->send_signal(SIGKILL));
      (void)run(instance->wait());
      (void)run(instance->remove());
    }
  }
  LaunchSpec launch(std::string command) {
    LaunchSpec spec;
    spec.id = "orders/1";
    spec.incarnation = make_id(reactor.wall(), random.next(), random.next());
    spec.version = 3;
    spec.generation = 2;
    spec.port = 23411;
    spec.service.name = "orders";
    spec.service.run = std::move(command);
    spec.service.folder = folder;
    spec.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"PORT", "23411"}};
    return spec;
  }
  std::unique_ptr<RunningInstance> start(LaunchSpec spec) {
    auto started = run(driver->start(std::move(spec)));
    EXPECT_TRUE(started.ok()) << started.error().text();
    return started.ok() ? std::move(*started) : nullptr;
  }
  std::string log() const { return os::read_small_file(log_path(state, "orders/1")).value_or(""); }
  /// The shim's pid: the parent of the instance.
  std::int64_t shim_of(const RunningInstance& instance) const {
    std::string stat =
        os::read_small_file("/proc/" + std::to_string(instance.pid()) + "/stat").value_or("");
    return std::stoll(stat.substr(stat.rfind(") ") + 4));
  }
  std::size_t files() const {
    std::size_t count = 0;
    for (auto& entry : fs::directory_iterator(state + "/shims")) {
      count += entry.path().filename() != "errors.log";
    }
    return count;
  }
};

TEST_F(ProcessDriverTest, instance_runs_in_its_folder_with_its_variables_and_its_output_is_kept) {
  auto instance = start(launch("sh -c 'echo port $PORT in $PWD; echo bad >&2; exit 3'"));
  ExitStatus how = run(instance->wait()).value();
  EXPECT_EQ(how.text(), "exit 3");
  EXPECT_EQ(run(instance->wait()).value().code, 3) << "asked again";
  EXPECT_NE(log().find(" port 23411 in " + folder + "\n"), std::string::npos) << log();
  EXPECT_NE(log().find(" bad\n"), std::string::npos);
  EXPECT_EQ(files(), 3u);
  EXPECT_TRUE(run(instance->remove()).ok());
  EXPECT_TRUE(until([&] { return files() == 0; }));
}

TEST_F(ProcessDriverTest, signals_reach_the_whole_group) {
  auto instance = start(launch("sh -c 'sleep 100 & sleep 100 & echo up; wait'"));
  ASSERT_TRUE(until([&] { return log().find(" up\n") != std::string::npos; }));
  EXPECT_TRUE(run(instance->send_signal(SIGTERM)).ok());
  EXPECT_EQ(run(instance->wait()).value().text(), "killed by signal 15 (SIGTERM)");
  EXPECT_TRUE(run(instance->remove()).ok());
}

TEST_F(ProcessDriverTest, orphans_outside_the_group_end_with_the_instance) {
  auto instance =
      start(launch("sh -c 'setsid sh -c \"echo \\$\\$ > orphan; sleep 100\" & "
                   "while [ ! -s orphan ]; do :; done; exit 0'"));
  EXPECT_TRUE(run(instance->wait()).value().good());
  std::int64_t orphan = std::stoll(read("orphan"));
  EXPECT_TRUE(until([&] { return !os::process_runs(orphan); }));
}

TEST_F(ProcessDriverTest, missing_program_is_told_before_the_start_and_at_it) {
  LaunchSpec spec = launch("python4 app.py --port $PORT");
  auto prepared = run(driver->prepare(spec.service, 1, {}));
  ASSERT_FALSE(prepared.ok());
  std::string text = prepared.error().text();
  EXPECT_NE(text.find("python4 is not installed or not in PATH ("), std::string::npos) << text;
  EXPECT_NE(text.find("install it, or correct `command` of orders"), std::string::npos) << text;
  auto started = run(driver->start(launch("python4 app.py")));
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().text().find("python4 is not installed"), std::string::npos);
  EXPECT_TRUE(until([&] { return files() == 0; })) << "a failed start leaves nothing";

  spec.service.run = "./app";
  spec.service.folder = folder + "/nowhere";
  text = run(driver->prepare(spec.service, 1, {})).error().text();
  EXPECT_EQ(text, "the folder " + folder + "/nowhere of orders is not there");
  spec.service.folder = folder;
  spec.service.run = "sh";
  EXPECT_TRUE(run(driver->prepare(spec.service, 1, {})).ok());
}

TEST_F(ProcessDriverTest, instance_outlives_the_driver_and_is_known_again) {
  auto instance = start(launch("sleep 100"));
  std::int64_t pid = instance->pid();
  instance.reset();
  driver = make_driver();
  EXPECT_TRUE(os::process_runs(pid));
  auto found = run(driver->find()).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]->pid(), pid);
  const LaunchSpec& spec = found[0]->spec();
  EXPECT_EQ(spec.id, "orders/1");
  EXPECT_EQ(spec.version, 3u);
  EXPECT_EQ(spec.generation, 2u);
  EXPECT_EQ(spec.port, 23411);
  EXPECT_EQ(spec.service.run, "sleep 100");
  EXPECT_EQ(spec.env.size(), 2u);
  EXPECT_TRUE(run(found[0]->send_signal(SIGTERM)).ok());
  EXPECT_EQ(run(found[0]->wait()).value().signal, SIGTERM);
}

TEST_F(ProcessDriverTest, what_ended_meanwhile_is_found_with_its_exit) {
  auto instance = start(launch("sh -c 'exit 7'"));
  std::int64_t pid = instance->pid();
  instance.reset();
  ASSERT_TRUE(until([&] { return !os::process_runs(pid); }));
  driver = make_driver();
  auto found = run(driver->find()).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(run(found[0]->wait()).value().code, 7);
}

TEST_F(ProcessDriverTest, killed_shim_takes_its_program_with_it_and_leaves_nothing) {
  auto instance = start(launch("sh -c 'sleep 1000 & echo $! > child; wait'"));
  ASSERT_TRUE(until([&] { return read("child").ends_with('\n'); }));
  std::int64_t pid = instance->pid();
  std::int64_t child = std::stoll(read("child"));
  auto ended = instance->wait();
  ASSERT_EQ(::kill(static_cast<pid_t>(shim_of(*instance)), SIGKILL), 0);
  auto how = run(std::move(ended));
  ASSERT_FALSE(how.ok());
  EXPECT_TRUE(how.error().is(Code::unavailable));
  ASSERT_TRUE(until([&] { return !os::process_runs(pid); }));
  EXPECT_TRUE(run(instance->remove()).ok());
  EXPECT_EQ(files(), 0u);
  EXPECT_TRUE(until([&] { return !os::process_runs(child); })) << "the child of the program lives";
}

TEST_F(ProcessDriverTest, dead_shims_are_cleaned_up_and_never_started_again) {
  auto instance = start(launch("sh -c 'echo started >> count; sleep 1000'"));
  ASSERT_TRUE(until([&] { return read("count") == "started\n"; }));
  ASSERT_EQ(::kill(static_cast<pid_t>(shim_of(*instance)), SIGKILL), 0);
  ASSERT_TRUE(until([&] { return !os::process_runs(instance->pid()); }));
  instance.reset();
  write("state/shims/01TORN.json", "{\"format\": 1, \"sock");
  driver = make_driver();
  EXPECT_TRUE(run(driver->find()).value().empty());
  EXPECT_EQ(files(), 0u);
  EXPECT_EQ(read("count"), "started\n");
}

TEST_F(ProcessDriverTest, hosts_file_stands_in_the_instance_or_it_is_told_why_not) {
  write("hosts", "127.77.1.2 users\n");
  LaunchSpec spec = launch("cat /etc/hosts");
  spec.hosts_path = folder + "/hosts";
  auto instance = start(std::move(spec));
  EXPECT_TRUE(run(instance->wait()).value().good());
  if (instance->notes().hosts == "bound") {
    EXPECT_NE(log().find(" 127.77.1.2 users\n"), std::string::npos) << log();
  } else {
    EXPECT_NE(instance->notes().hosts.find("name space"), std::string::npos);
  }
}

TEST_F(ProcessDriverTest, limits_are_enforced_or_it_is_told_why_not) {
  LaunchSpec spec = launch("sleep 100");
  auto free = start(spec);
  EXPECT_EQ(free->notes().limits, "none asked for");
  spec.incarnation = make_id(reactor.wall(), random.next(), random.next());
  spec.service.memory_bytes = 64 << 20;
  auto limited = start(spec);
  std::string told = limited->notes().limits;
  EXPECT_TRUE(told == "enforced" || told.starts_with("not enforced: ")) << told;
}

TEST_F(ProcessDriverTest, commands_run_beside_the_instance_and_end_when_dropped) {
  auto instance = start(launch("sleep 100"));
  EXPECT_EQ(run(instance->execute("sh -c 'test $PORT = 23411 && exit 4'")).value().code, 4);
  EXPECT_TRUE(run(instance->execute("nothing-like-it")).error().is(Code::not_found));
  auto slow = instance->execute("sh -c 'echo $$ > pid; sleep 100'");
  ASSERT_TRUE(until([&] { return read("pid").ends_with('\n'); }));
  std::int64_t pid = std::stoll(read("pid"));
  EXPECT_TRUE(os::process_runs(pid));
  slow.reset();
  EXPECT_TRUE(until([&] { return !os::process_runs(pid); }));
}

TEST_F(ProcessDriverTest, where_it_listens_is_told) {
  auto instance =
      start(launch("python3 -c 'import socket,time\ns=socket.socket()\n"
                   "s.bind((\"127.0.0.1\",0))\ns.listen()\ntime.sleep(100)'"));
  std::vector<Address> on;
  EXPECT_TRUE(until([&] {
    on = run(instance->listening()).value().on;
    return !on.empty();
  }));
  ASSERT_EQ(on.size(), 1u);
  EXPECT_EQ(on[0].ip_text(), "127.0.0.1");
}

}  // namespace
}  // namespace berth::runtime
