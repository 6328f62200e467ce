#include <gtest/gtest.h>

#include <cstdlib>

#include "base/id.h"
#include "runtime/docker_driver.h"
#include "runtime/host_suite.h"
#include "runtime/log_path.h"

// The Docker driver against a real Engine, which tests/e2e/dockerd.py starts; BERTH_TEST_DOCKER
// names its socket. Skipped without one.

namespace berth::runtime {
namespace {

constexpr const char* program = R"(
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int count, char** words) {
  if (count > 1) return atoi(words[1]);
  setvbuf(stdout, 0, _IONBF, 0);
  printf("port %s\n", getenv("PORT"));
  fprintf(stderr, "to stderr\n");
  const char* lines = getenv("LINES");
  for (int i = 0; lines && i < atoi(lines); ++i) printf("line %d\n", i);
  const char* hosts = getenv("HOSTS");
  if (hosts) {
    char text[65536] = {0};
    FILE* file = fopen("/etc/hosts", "r");
    if (fread(text, 1, sizeof text - 1, file) > 0 && strstr(text, "users")) printf("hosts ok\n");
  }
  const char* eat = getenv("EAT");
  for (int i = 0; eat && i < atoi(eat); ++i) memset(malloc(1 << 20), 1, 1 << 20);
  const char* code = getenv("CODE");
  if (code) return atoi(code);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(getenv("PORT")))};
  at.sin_addr.s_addr = htonl(0x7f000001);
  bind(s, (struct sockaddr*)&at, sizeof at);
  listen(s, 8);
  const char* every = getenv("EVERY");
  for (int i = 0;; ++i) {
    usleep(every ? atoi(every) : 1000000);
    if (every) printf("tick %d\n", i);
  }
}
)";

struct DockerEngineTest : HostTest {
  const char* socket = std::getenv("BERTH_TEST_DOCKER");
  std::unique_ptr<DockerDriver> driver;
  placement::ServiceSpec service;
  static constexpr std::uint16_t port = 23411;

  std::unique_ptr<DockerDriver> make_driver() {
    return std::make_unique<DockerDriver>(
        world, Log(), DockerDriverOptions{socket ? socket : "", state, "engine-test"});
  }
  void SetUp() override {
    if (!socket) GTEST_SKIP() << "BERTH_TEST_DOCKER names no socket";
    driver = make_driver();
    service.name = "probe";
    service.source = placement::ServiceSpec::Source::build;
    service.run = folder + "/probe";
    write("probe/probe.c", program);
    write("probe/secret/key", "not for the image");
    write("probe/.dockerignore", "*\n!probe\n");
    write("probe/Dockerfile",
          "FROM scratch\nCOPY probe /bin/probe\nEXPOSE 80\nCMD [\"/bin/probe\"]\n");
    std::string compile = "cd " + folder + "/probe && clang-19 -static -O0 -o probe probe.c";
    ASSERT_EQ(std::system(compile.c_str()), 0);  // NOLINT: in a test, of a fixed command
    auto prepared = run(driver->prepare(service, 1, [](std::string_view) {}));
    ASSERT_TRUE(prepared.ok()) << prepared.error().text();
  }
  void TearDown() override {
    if (!socket || !driver) return;
    auto left = run(driver->find());
    if (!left.ok()) return;
    for (auto& instance : *left) {
      (void)run(instance->send_signal(SIGKILL));
      (void)run(instance->remove());
    }
  }
  LaunchSpec launch(std::vector<std::pair<std::string, std::string>> env = {}) {
    LaunchSpec spec;
    spec.id = "probe/1";
    spec.incarnation = make_id(reactor.wall(), random.next(), random.next());
    spec.version = 1;
    spec.port = port;
    spec.service = service;
    spec.env = std::move(env);
    spec.env.emplace_back("PORT", std::to_string(port));
    return spec;
  }
  std::unique_ptr<RunningInstance> start(LaunchSpec spec) {
    auto started = run(driver->start(std::move(spec)));
    EXPECT_TRUE(started.ok()) << started.error().text();
    return started.ok() ? std::move(*started) : nullptr;
  }
  std::string log() const { return os::read_small_file(log_path(state, "probe/1")).value_or(""); }
  bool logged(const std::string& text) {
    return until([&] { return log().find(text) != std::string::npos; });
  }
};

TEST_F(DockerEngineTest, container_listens_on_its_port_and_ends_by_term) {
  auto instance = start(launch());
  ASSERT_TRUE(logged(" port 23411\n")) << log();
  EXPECT_TRUE(logged(" to stderr\n"));
  EXPECT_TRUE(until([&] { return run(network.connect(Address::loopback(port))).ok(); }));
  Listening listening = run(instance->listening()).value();
  EXPECT_EQ(listening.on, std::vector<Address>{Address::loopback(port)});
  EXPECT_EQ(listening.exposed, std::vector<std::uint16_t>{80});
  EXPECT_EQ(run(instance->execute("/bin/probe 5")).value().code, 5);
  EXPECT_TRUE(run(instance->send_signal(SIGTERM)).ok());
  EXPECT_EQ(run(instance->wait()).value().signal, SIGTERM);
  EXPECT_TRUE(run(instance->remove()).ok());
  EXPECT_TRUE(run(driver->find()).value().empty());
}

TEST_F(DockerEngineTest, exit_and_all_output_are_known) {
  auto instance = start(launch({{"CODE", "3"}, {"LINES", "2000"}}));
  EXPECT_EQ(run(instance->wait()).value().text(), "exit 3");
  EXPECT_TRUE(run(instance->remove()).ok());
  std::string text = log();
  EXPECT_NE(text.find(" line 0\n"), std::string::npos);
  EXPECT_NE(text.find(" line 1999\n"), std::string::npos);
}

TEST_F(DockerEngineTest, names_of_services_are_in_its_hosts) {
  write("hosts", "127.0.0.1 localhost\n127.77.3.4 users users.berth\n");
  LaunchSpec spec = launch({{"HOSTS", "1"}});
  spec.hosts_path = folder + "/hosts";
  auto instance = start(std::move(spec));
  EXPECT_TRUE(logged(" hosts ok\n")) << log();
}

TEST_F(DockerEngineTest, container_outlives_berth_and_its_log_goes_on_without_repetition) {
  auto instance = start(launch({{"EVERY", "20000"}}));
  ASSERT_TRUE(logged(" tick 5\n")) << log();
  instance.reset();
  driver = make_driver();
  reactor.turn(300ms);
  auto found = run(driver->find()).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]->spec().id, "probe/1");
  EXPECT_GT(found[0]->pid(), 0);
  ASSERT_TRUE(logged(" tick 40\n"));
  std::string text = log();
  for (int i = 0; i < 40; ++i) {
    std::string line = " tick " + std::to_string(i) + "\n";
    std::size_t at = text.find(line);
    ASSERT_NE(at, std::string::npos) << line << text;
    EXPECT_EQ(text.find(line, at + 1), std::string::npos) << "twice: " << line;
  }
}

TEST_F(DockerEngineTest, container_that_is_removed_by_hand_is_noticed) {
  auto instance = start(launch());
  DockerApi api(world, socket);
  auto ended = instance->wait();
  Json listed = run(api.call("GET", "/containers/json")).value();
  for (auto& each : listed.items()) {
    if (each["Labels"]["berth.incarnation"].string_or("") != instance->spec().incarnation) continue;
    ASSERT_TRUE(
        run(api.call("DELETE", "/containers/" + std::string(each["Id"].string_or("")) + "?force=1"))
            .ok());
  }
  auto how = run(std::move(ended));
  EXPECT_TRUE(!how.ok() || how->signal == SIGKILL);
  EXPECT_TRUE(run(instance->remove()).ok());
}

TEST_F(DockerEngineTest, memory_beyond_the_limit_is_told_as_such) {
  LaunchSpec spec = launch({{"EAT", "200"}});
  spec.service.memory_bytes = 32 << 20;
  spec.service.cpu_millicores = 200;
  auto instance = start(std::move(spec));
  auto how = run(instance->wait()).value();
  if (instance->notes().limits == "enforced") {
    EXPECT_EQ(how.text(), "killed by signal 9 (SIGKILL): out of memory: its limit is 32MiB");
  }
}

TEST_F(DockerEngineTest, image_that_is_not_there_and_a_build_that_fails_are_told) {
  placement::ServiceSpec missing = service;
  missing.source = placement::ServiceSpec::Source::image;
  missing.run = "127.0.0.1:9/nothing:1";
  auto prepared = run(driver->prepare(missing, 1, {}));
  ASSERT_FALSE(prepared.ok());
  EXPECT_NE(prepared.error().text().find(
                "the image 127.0.0.1:9/nothing:1 is not on this host and cannot be pulled"),
            std::string::npos)
      << prepared.error().text();

  write("probe/Dockerfile", "FROM scratch\nCOPY nothing /x\n");
  auto built = run(driver->prepare(service, 2, {}));
  ASSERT_FALSE(built.ok());
  EXPECT_NE(built.error().text().find("building " + service.run + " for probe failed"),
            std::string::npos)
      << built.error().text();
  std::filesystem::remove(folder + "/probe/Dockerfile");
  EXPECT_NE(run(driver->prepare(service, 3, {})).error().text().find("there is no Dockerfile in"),
            std::string::npos);
  EXPECT_TRUE(run(driver->prepare(service, 1, {})).ok()) << "what was built is not built again";
}

}  // namespace
}  // namespace berth::runtime
