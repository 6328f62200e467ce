#include "runtime/docker_driver.h"

#include <gtest/gtest.h>

#include "async/sync.h"
#include "base/id.h"
#include "base/timestamp.h"
#include "http/router.h"
#include "runtime/host_suite.h"
#include "runtime/log_path.h"

namespace berth::runtime {
namespace {

struct FakeContainer {
  std::string id;
  Json wanted;
  bool running = false;
  int code = 0;
  bool out_of_memory = false;
  bool removed = false;
  std::vector<std::pair<WallTime, std::string>> lines;
  std::vector<std::string> signals;
  WaitList<void> changed;

  void wake() {
    while (!changed.empty()) changed.wake();
  }
  void end(int with) {
    running = false;
    code = with;
    wake();
  }
};

/// A container's log as the Engine sends it with follow and timestamps.
struct FakeLog final : http::BodySource {
  FakeLog(std::shared_ptr<FakeContainer> of, double since) : container(std::move(of)) {
    while (next < container->lines.size() &&
           static_cast<double>(container->lines[next].first.nanoseconds) / 1e9 < since) {
      ++next;
    }
  }
  Deferred<Bytes> read() override {
    while (next == container->lines.size() && container->running)
      co_await container->changed.wait();
    if (next == container->lines.size()) co_return Bytes();
    auto& [time, text] = container->lines[next++];
    std::string stamp = write_timestamp(time);  // microseconds are enough here
    std::string payload = stamp + " " + text + "\n";
    std::string frame(8, '\0');
    frame[0] = 1;
    frame[6] = static_cast<char>(payload.size() >> 8);
    frame[7] = static_cast<char>(payload.size());
    co_return Bytes::copy(frame + payload);
  }
  std::shared_ptr<FakeContainer> container;
  std::size_t next = 0;
};

/// The part of a Docker Engine that the driver uses, in memory.
struct FakeEngine {
  os::Reactor& reactor;
  os::Network& network;
  std::string path;
  std::vector<std::shared_ptr<FakeContainer>> containers;
  std::map<std::string, Json> images;  // by name; value: its labels
  std::vector<std::string> asked;      // "METHOD target"
  std::vector<std::string> built;
  std::string api_version = "1.41";
  std::string min_version = "1.12";
  std::string build_answer =
      "{\"stream\":\"Step 1/1 : FROM scratch\"}\r\n{\"stream\":\"ok\\n\"}\r\n";
  std::string pull_answer = "{\"status\":\"Pulling\"}\r\n{\"status\":\"Done\"}\r\n";
  std::string start_error;
  std::vector<std::string> warnings;
  bool has_init = true;
  http::Router router;
  std::unique_ptr<http::Server> server;

  FakeEngine(os::Reactor& r, os::Network& n, std::string p)
      : reactor(r), network(n), path(std::move(p)) {
    add("GET", "/version", [this](auto&) { return version(); });
    add("GET", "/:v/images/json", [this](auto& r) { return list_images(r); });
    add("GET", "/:v/images/:a/:b/json", [this](auto& r) {
      return image(std::string(r.parameter("a")) + "/" + std::string(r.parameter("b")));
    });
    add("GET", "/:v/images/:a/json",
        [this](auto& r) { return image(std::string(r.parameter("a"))); });
    add("DELETE", "/:v/images/:a", [this](auto& r) {
      auto removed = std::erase_if(images, [&](auto& each) {
        return each.first.ends_with(":" + std::string(r.parameter("a")));
      });
      return text(removed ? 200 : 404, "[]");
    });
    add("POST", "/:v/images/create", [this](auto& r) {
      if (pull_answer.find("error") == std::string::npos) {
        images[r.query("fromImage") + ":" + r.query("tag")] = Json::object();
      }
      return text(200, pull_answer);
    });
    router.add("POST", "/:v/build", [this](http::ServerRequest& r) { return build(r); });
    router.add("POST", "/:v/containers/create",
               [this](http::ServerRequest& r) { return create(r); });
    add("GET", "/:v/containers/json", [this](auto& r) { return list(r); });
    with("POST", "/start", [this](auto& c, auto&) { return start(c); });
    with("POST", "/kill", [](auto& c, auto& r) {
      c->signals.push_back(r.query("signal"));
      if (!c->running) return text(409, "{\"message\":\"is not running\"}");
      c->end(128 + std::stoi(r.query("signal")));
      return text(204, "");
    });
    with("GET", "/json", [](auto& c, auto&) { return text(200, inspect(*c).text()); });
    with("GET", "/logs", [](auto& c, auto& r) {
      http::ServerResponse answer;
      answer.body = http::Body(std::make_unique<FakeLog>(c, std::stod(r.query("since"))));
      return answer;
    });
    router.add("POST", "/:v/containers/:id/wait",
               [this](http::ServerRequest& r) { return wait(r); });
    add("DELETE", "/:v/containers/:id", [this](auto& r) { return remove(r); });
    start_serving();
  }

  void start_serving() {
    server = std::make_unique<http::Server>(reactor, [this](http::ServerRequest& request) {
      asked.push_back(std::string(request.head.method) + " " + std::string(request.head.target));
      return router.route(request);
    });
    server->serve(network.listen(Address::unix_path(path)).value());
  }
  void stop_serving() { server.reset(); }

  static http::ServerResponse text(int status, std::string body) {
    http::ServerResponse answer;
    answer.status = status;
    answer.body = http::Body(std::move(body));
    return answer;
  }
  static http::ServerResponse missing(const std::string& what) {
    return text(404, "{\"message\":\"No such " + what + "\"}");
  }
  template <class F>
  void add(std::string_view method, std::string_view pattern, F handler) {
    router.add(method, pattern, [handler](http::ServerRequest& request) {
      return ready(http::ServerResponse(handler(request)));
    });
  }
  template <class F>
  void with(std::string_view method, const std::string& what, F handler) {
    add(method, "/:v/containers/:id" + what, [this, handler](http::ServerRequest& request) {
      auto container = find(request.parameter("id"));
      return container ? handler(container, request) : missing("container");
    });
  }
  std::shared_ptr<FakeContainer> find(std::string_view id) {
    for (auto& each : containers) {
      if (each->id == id && !each->removed) return each;
    }
    return nullptr;
  }

  http::ServerResponse version() {
    Json json = Json::object();
    json.set("ApiVersion", api_version);
    json.set("MinAPIVersion", min_version);
    return text(200, json.text());
  }
  http::ServerResponse image(const std::string& name) {
    return images.contains(name) ? text(200, "{}") : missing("image: " + name);
  }
  http::ServerResponse list_images(http::ServerRequest& request) {
    Json filters = Json::parse(request.query("filters")).value();
    Json out = Json::array();
    for (auto& [name, labels] : images) {
      if (labels["berth.service"].is_null()) continue;
      Json one = Json::object();
      one.set("Id", name.substr(name.find(':') + 1));
      one.set("Labels", labels);
      out.add(std::move(one));
    }
    return text(200, out.text());
  }
  Deferred<http::ServerResponse> build(http::ServerRequest& request) {
    std::string tag = request.query("t");
    Json labels = Json::parse(request.query("labels")).value();
    std::string archive = co_await request.body(10 << 20);
    built.push_back(archive);
    if (build_answer.find("error") == std::string::npos) images[tag] = std::move(labels);
    co_return text(200, build_answer);
  }
  Deferred<http::ServerResponse> create(http::ServerRequest& request) {
    std::string body = co_await request.body();
    auto container = std::make_shared<FakeContainer>();
    container->id = "c" + std::to_string(containers.size());
    container->wanted = Json::parse(body).value();
    containers.push_back(container);
    Json json = Json::object();
    json.set("Id", container->id);
    Json told = Json::array();
    for (auto& warning : warnings) told.add(warning);
    json.set("Warnings", std::move(told));
    co_return text(201, json.text());
  }
  http::ServerResponse start(std::shared_ptr<FakeContainer>& container) {
    bool init = container->wanted["HostConfig"]["Init"].boolean().value_or(false);
    if (init && !has_init)
      return text(500, "{\"message\":\"exec: \\\"docker-init\\\": not found\"}");
    if (!start_error.empty()) return text(400, "{\"message\":\"" + start_error + "\"}");
    container->running = true;
    return text(204, "");
  }
  static Json inspect(const FakeContainer& container) {
    Json state = Json::object();
    state.set("Running", container.running);
    state.set("Pid", container.running ? 4711 : 0);
    state.set("ExitCode", container.code);
    state.set("OOMKilled", container.out_of_memory);
    Json config = Json::object();
    config.set("Labels", container.wanted["Labels"]);
    Json json = Json::object();
    json.set("Id", container.id);
    json.set("State", std::move(state));
    json.set("Config", std::move(config));
    return json;
  }
  http::ServerResponse list(http::ServerRequest& request) {
    std::string wanted(
        Json::parse(request.query("filters")).value()["label"].items().at(0).string_or(""));
    Json out = Json::array();
    for (auto& each : containers) {
      std::string label(each->wanted["Labels"]["berth.state"].string_or(""));
      if (each->removed || wanted != "berth.state=" + label) continue;
      Json one = Json::object();
      one.set("Id", each->id);
      out.add(std::move(one));
    }
    return text(200, out.text());
  }
  Deferred<http::ServerResponse> wait(http::ServerRequest& request) {
    auto container = find(request.parameter("id"));
    if (!container) co_return missing("container");
    while (container->running) co_await container->changed.wait();
    co_return text(200, "{\"StatusCode\":" + std::to_string(container->code) + "}");
  }
  http::ServerResponse remove(http::ServerRequest& request) {
    auto container = find(request.parameter("id"));
    if (!container) return missing("container");
    container->removed = true;
    container->end(137);
    return text(204, "");
  }
};

struct DockerDriverTest : HostTest {
  FakeEngine engine{reactor, network, folder + "/docker.sock"};
  std::unique_ptr<DockerDriver> driver = make_driver();
  placement::ServiceSpec service;

  DockerDriverTest() {
    service.name = "stock";
    service.source = placement::ServiceSpec::Source::build;
    service.run = folder + "/stock";
    write("stock/Dockerfile", "FROM scratch\n");
  }
  std::unique_ptr<DockerDriver> make_driver() {
    return std::make_unique<DockerDriver>(
        world, Log(), DockerDriverOptions{folder + "/docker.sock", state, "shop"});
  }
  LaunchSpec launch() {
    LaunchSpec spec;
    spec.id = "stock/1";
    spec.incarnation = make_id(reactor.wall(), random.next(), random.next());
    spec.version = 2;
    spec.generation = 1;
    spec.port = 23411;
    spec.service = service;
    spec.env = {{"PORT", "23411"}, {"LEVEL", "info"}};
    return spec;
  }
  std::unique_ptr<RunningInstance> start() {
    auto started = run(driver->start(launch()));
    EXPECT_TRUE(started.ok()) << started.error().text();
    return started.ok() ? std::move(*started) : nullptr;
  }
  void print(FakeContainer& container, std::int64_t millis, const std::string& text) {
    container.lines.emplace_back(WallTime{millis * 1'000'000}, text);
    container.wake();
  }
  std::string log() const { return os::read_small_file(log_path(state, "stock/1")).value_or(""); }
  std::string prepare_error() {
    auto prepared = run(driver->prepare(service, 2, {}));
    return prepared.ok() ? "" : prepared.error().text();
  }
};

TEST_F(DockerDriverTest, container_is_made_as_the_launch_says) {
  service.memory_bytes = 64 << 20;
  service.cpu_millicores = 500;
  write("hosts", "127.0.0.1 localhost\n127.77.3.4 users users.berth # its VIP\n::1 six\n");
  LaunchSpec spec = launch();
  spec.hosts_path = folder + "/hosts";
  auto instance = run(driver->start(spec)).value();
  EXPECT_EQ(instance->pid(), 4711);
  EXPECT_EQ(instance->notes().limits, "enforced");
  const Json& wanted = engine.containers.at(0)->wanted;
  EXPECT_TRUE(wanted["Image"].string_or("").starts_with("berth/stock:"));
  EXPECT_TRUE(wanted["Image"].string_or("").ends_with("-v2"));
  EXPECT_EQ(wanted["Env"].text(), R"(["PORT=23411","LEVEL=info"])");
  EXPECT_EQ(wanted["Labels"]["berth.instance"].string_or(""), "stock/1");
  auto& host = wanted["HostConfig"];
  EXPECT_EQ(host["NetworkMode"].string_or(""), "host");
  EXPECT_EQ(host["Memory"].integer(), 64 << 20);
  EXPECT_EQ(host["MemorySwap"].integer(), 64 << 20);
  EXPECT_EQ(host["CpuShares"].integer(), 512);
  EXPECT_EQ(host["ExtraHosts"].text(),
            R"(["users:127.77.3.4","users.berth:127.77.3.4","six:::1"])");
  EXPECT_TRUE(
      engine.asked.at(1).starts_with("POST /v1.41/containers/create?name=berth-shop-stock-1-"));
}

TEST_F(DockerDriverTest, versions_of_the_api_meet) {
  for (auto [most, least, spoken] :
       {std::tuple{"1.50", "1.24", "/v1.41/"}, std::tuple{"1.52", "1.44", "/v1.44/"},
        std::tuple{"1.30", "1.12", "/v1.30/"}}) {
    engine.api_version = most;
    engine.min_version = least;
    driver = make_driver();
    engine.asked.clear();
    ASSERT_TRUE(run(driver->find()).ok());
    EXPECT_TRUE(engine.asked.at(1).starts_with(std::string("GET ") + spoken)) << engine.asked.at(1);
  }
}

TEST_F(DockerDriverTest, image_is_built_once_with_its_progress) {
  std::vector<std::string> told;
  ASSERT_TRUE(run(driver->prepare(service, 2, [&](std::string_view line) {
                told.emplace_back(line);
              })).ok());
  EXPECT_EQ(told.size(), 2u);
  EXPECT_EQ(engine.built.size(), 1u);
  EXPECT_NE(engine.built[0].find("FROM scratch"), std::string::npos);
  ASSERT_TRUE(run(driver->prepare(service, 2, {})).ok());
  EXPECT_EQ(engine.built.size(), 1u);
  driver = make_driver();
  ASSERT_TRUE(run(driver->prepare(service, 2, {})).ok()) << "a restart of Berth builds nothing";
  EXPECT_EQ(engine.built.size(), 1u);
  for (std::uint64_t version = 3; version < 20; ++version) {
    ASSERT_TRUE(run(driver->prepare(service, version, {})).ok());
  }
  EXPECT_EQ(engine.images.size(), 11u) << "images of old versions are removed";
}

TEST_F(DockerDriverTest, build_that_fails_is_told_with_what_it_said_last) {
  engine.build_answer =
      "{\"stream\":\"Step 1/2 : RUN make\"}\r\n{\"stream\":\"cc: no such file\\n\"}\r\n"
      "{\"errorDetail\":{\"message\":\"x\"},\"error\":\"The command returned a non-zero code: "
      "2\"}\r\n";
  EXPECT_EQ(prepare_error(), "building " + service.run +
                                 " for stock failed: The command returned a non-zero code: 2 (cc: "
                                 "no such file)");
}

TEST_F(DockerDriverTest, named_image_is_pulled_only_if_it_is_not_there) {
  service.source = placement::ServiceSpec::Source::image;
  service.run = "users:1.4";
  EXPECT_EQ(prepare_error(), "");
  EXPECT_TRUE(engine.images.contains("users:1.4"));
  engine.asked.clear();
  EXPECT_EQ(prepare_error(), "");
  EXPECT_EQ(engine.asked.size(), 1u);
  service.run = "gone";
  engine.pull_answer = "{\"errorDetail\":{},\"error\":\"manifest unknown\"}\r\n";
  EXPECT_EQ(prepare_error(),
            "the image gone is not on this host and cannot be pulled: manifest unknown");
  EXPECT_EQ(image_and_tag("reg:5000/a/web"),
            std::make_pair(std::string("reg:5000/a/web"), std::string("latest")));
  EXPECT_EQ(image_and_tag("web@sha256:12").second, "");
}

TEST_F(DockerDriverTest, docker_that_is_not_there_is_told_with_what_to_do) {
  engine.stop_serving();
  driver = make_driver();
  auto found = run(driver->find());
  ASSERT_FALSE(found.ok());
  EXPECT_TRUE(found.error().is(Code::unavailable));
  EXPECT_EQ(found.error().text(), "Docker does not answer at " + folder +
                                      "/docker.sock: start it (systemctl start docker) or install "
                                      "it (apt-get install docker.io)");
}

TEST_F(DockerDriverTest, start_that_fails_leaves_nothing_and_says_why) {
  engine.start_error = "no command specified";
  auto started = run(driver->start(launch()));
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().text(), "Docker: no command specified");
  EXPECT_TRUE(engine.containers.at(0)->removed);
}

TEST_F(DockerDriverTest, engine_without_docker_init_runs_containers_without) {
  engine.has_init = false;
  auto instance = start();
  EXPECT_EQ(engine.containers.size(), 2u);
  EXPECT_TRUE(engine.containers[1]->running);
}

TEST_F(DockerDriverTest, limits_that_have_no_effect_are_told) {
  service.memory_bytes = 64 << 20;
  engine.warnings = {"Your kernel does not support memory limit capabilities."};
  auto instance = start();
  EXPECT_EQ(instance->notes().limits,
            "not enforced: Your kernel does not support memory limit capabilities.");
}

TEST_F(DockerDriverTest, end_is_seen_with_its_cause) {
  auto instance = start();
  engine.containers[0]->end(3);
  EXPECT_EQ(run(instance->wait()).value().text(), "exit 3");
  EXPECT_EQ(run(instance->wait()).value().text(), "exit 3") << "asked again";
  engine.containers[0]->out_of_memory = true;
  engine.containers[0]->code = 137;
  service.memory_bytes = 0;
  EXPECT_TRUE(run(instance->wait())
                  .value()
                  .text()
                  .starts_with("killed by signal 9 (SIGKILL): out of memory"));
  EXPECT_TRUE(run(instance->remove()).ok());
  EXPECT_TRUE(run(instance->remove()).ok()) << "removing twice is fine";
}

TEST_F(DockerDriverTest, waiting_goes_on_while_docker_is_away) {
  auto instance = start();
  auto ended = instance->wait();
  for (int i = 0; i < 20; ++i) reactor.turn(2ms);
  engine.stop_serving();
  EXPECT_FALSE(until([&] { return !ended.pending(); }, 300ms));
  engine.start_serving();
  engine.containers[0]->end(0);
  EXPECT_TRUE(run(std::move(ended)).value().good());
}

TEST_F(DockerDriverTest, container_removed_by_hand_is_lost) {
  auto instance = start();
  engine.containers[0]->removed = true;
  auto how = run(instance->wait());
  ASSERT_FALSE(how.ok());
  EXPECT_EQ(how.error().text(), "its container was removed");
}

TEST_F(DockerDriverTest, containers_of_this_state_folder_are_found_again) {
  auto instance = start();
  instance.reset();
  driver = make_driver();
  auto found = run(driver->find()).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]->spec().id, "stock/1");
  EXPECT_EQ(found[0]->spec().version, 2u);
  EXPECT_EQ(found[0]->spec().generation, 1u);
  EXPECT_EQ(found[0]->spec().port, 23411);
  EXPECT_TRUE(run(found[0]->send_signal(SIGTERM)).ok());
  EXPECT_EQ(engine.containers[0]->signals, std::vector<std::string>{"15"});
  EXPECT_EQ(run(found[0]->wait()).value().signal, SIGTERM);

  found.clear();
  std::filesystem::remove(state + "/docker-id");
  driver = make_driver();
  EXPECT_TRUE(run(driver->find()).value().empty()) << "those of an earlier state are not ours";
}

TEST_F(DockerDriverTest, log_goes_on_after_an_adoption_without_loss_or_repetition) {
  auto instance = start();
  FakeContainer& container = *engine.containers[0];
  print(container, 1000, "a");
  print(container, 1001, "b");
  print(container, 1001, "c");
  ASSERT_TRUE(until([&] { return log() == "1000 a\n1001 b\n1001 c\n"; })) << log();
  instance.reset();
  print(container, 1001, "d");
  print(container, 1002, "e");
  driver = make_driver();
  auto found = run(driver->find()).value();
  print(container, 1003, "f");
  ASSERT_TRUE(until([&] { return log().ends_with("1003 f\n"); })) << log();
  EXPECT_EQ(log(), "1000 a\n1001 b\n1001 c\n1001 d\n1002 e\n1003 f\n");
}

TEST_F(DockerDriverTest, removal_waits_for_the_rest_of_the_output) {
  auto instance = start();
  FakeContainer& container = *engine.containers[0];
  print(container, 1000, "last words");
  container.end(1);
  EXPECT_EQ(run(instance->wait()).value().code, 1);
  EXPECT_TRUE(run(instance->remove()).ok());
  EXPECT_EQ(log(), "1000 last words\n");
}

}  // namespace
}  // namespace berth::runtime
