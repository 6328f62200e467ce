#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/codec.h"
#include "http/server.h"
#include "placement/store_suite.h"
#include "runtime/agent.h"
#include "runtime/fake_driver_suite.h"

namespace berth::runtime {

/// Lets go when the test says so, and notes what it was asked.
struct FakeDrains final : DrainGate {
  bool open = true;
  std::map<std::string, std::uint64_t> asked;  // id to revision
  bool drained(const std::string& id, const std::string&, std::uint64_t revision) override {
    asked[id] = revision;
    return open;
  }
};

/// An agent on a simulated host, with drivers in memory whose programs answer on their ports.
struct AgentTest : placement::StoreTest {
  using State = placement::InstanceState;

  FakeDriver process;
  FakeDriver docker;
  bool with_docker = true;
  FakeDrains drains;
  AgentOptions options;
  int health_status = 200;
  bool programs_serve = true;
  std::unique_ptr<Agent> agent;

  AgentTest() {
    options.host = "laptop";
    options.address = "10.0.0.1";
    options.state_folder = "/state";
    options.environment = {{"PATH", "/bin"}, {"LEVEL", "of the host"}};
    options.bus_url = "http://10.0.0.1:7490";
    options.cpu_millicores = 4000;
    options.memory_bytes = 8LL << 30;
    auto serve = [this](FakeProgram& program) { serve_port(program); };
    process.on_start = serve;
    docker.on_start = serve;
    placement::SystemRecord system{"shop", "dev", "shop.localhost", 0x7f4d0700};
    put("system", placement::to_json(system).text());
  }
  void TearDown() override {
    agent.reset();
    StoreTest::TearDown();
  }

  void serve_port(FakeProgram& program) {
    if (!programs_serve || program.spec.port == 0) return;
    auto server = std::make_shared<http::Server>(host.clock, [this](http::ServerRequest&) {
      return ready(http::ServerResponse::text("ok", health_status));
    });
    server->serve(host.network.listen(host.address(program.spec.port)).value());
    program.serves = std::move(server);
  }
  void make_agent() {
    agent = std::make_unique<Agent>(world, Log(), store, mirror, feed, process,
                                    with_docker ? &docker : nullptr, drains, options);
  }
  void start_agent() {
    if (!mirror_started_) start_mirror();
    mirror_started_ = true;
    make_agent();
    auto started = simulation.run(agent->start());
    ASSERT_TRUE(started.ok()) << started.error().text();
  }
  /// As if Berth were killed and started again: what runs runs on.
  void restart_agent(Duration away = 1s) {
    agent.reset();
    simulation.run_for(away);
    start_agent();
  }

  static placement::ServiceSpec service(const std::string& name) {
    placement::ServiceSpec made = spec(name, 1, "app");
    made.health.kind = placement::HealthCheck::Kind::http;
    made.health.target = "/health";
    return made;
  }
  void desire(placement::ServiceSpec spec, std::uint64_t versions = 1) {
    placement::DesiredService desired;
    desired.name = spec.name;
    desired.vip_host = 5;
    desired.target = versions;
    for (std::uint64_t number = 1; number <= versions; ++number) {
      desired.versions.push_back({number, spec, {}, true});
    }
    put_seen(placement::service_key(spec.name), placement::to_json(desired).text());
  }
  void assign(const std::string& service, std::uint32_t number, std::uint64_t version = 1,
              std::uint64_t generation = 0, bool stop = false, const std::string& to = "laptop") {
    placement::Assignment made{service, number, version, generation, to, stop, world.clock.wall()};
    put_seen(placement::assignment_key(service, number), placement::to_json(made).text());
  }
  void unassign(const std::string& service, std::uint32_t number) {
    auto removed = simulation.run(
        store.commit(storage::Batch().remove(placement::assignment_key(service, number))));
    ASSERT_TRUE(removed.ok());
  }

  const placement::InstanceRecord* record(const std::string& id) const {
    auto slash = id.find('/');
    auto of_service = state().instances.find(id.substr(0, slash));
    if (of_service == state().instances.end()) return nullptr;
    auto found =
        of_service->second.find(static_cast<std::uint32_t>(std::stoul(id.substr(slash + 1))));
    return found == of_service->second.end() ? nullptr : &found->second;
  }
  bool becomes(const std::string& id, State wanted, Duration limit = 1min) {
    return until([&] { return record(id) && record(id)->state == wanted; }, limit);
  }
  bool goes(const std::string& id, Duration limit = 1min) {
    return until([&] { return !record(id); }, limit);
  }
  std::string why(const std::string& id) const {
    return record(id) ? record(id)->why : "no record";
  }
  /// What the catalog in the Store says; empty id: nothing.
  catalog::Instance in_catalog(const std::string& id) {
    auto entry = simulation.run(store.get(catalog::instance_key(id))).value();
    if (!entry) return {};
    return catalog::instance_from_json(Json::parse(entry->value).value()).value();
  }
  std::size_t told(const std::string& kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(state().feed, [&](auto& each) { return each.second.kind == kind; }));
  }
  std::string value_of(const FakeProgram& program, const std::string& name) const {
    for (auto& [key, value] : program.spec.env) {
      if (key == name) return value;
    }
    return "(unset)";
  }
  std::string file(const std::string& path) {
    auto text = simulation.run(world.disk.read_file(path));
    return text.ok() ? *text : "";
  }

 private:
  void put_seen(const std::string& key, const std::string& value) {
    auto revision = put(key, value);
    if (mirror_started_) caught_up(revision);
  }
  bool mirror_started_ = false;
};

}  // namespace berth::runtime
