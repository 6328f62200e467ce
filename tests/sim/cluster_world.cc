#include "sim/cluster_world.h"

#include <algorithm>
#include <csignal>

#include "async/gather.h"

namespace berth::sim {
namespace {

constexpr std::string_view service_names[] = {"orders", "users"};

placement::ServiceSpec first_spec(std::string name) {
  placement::ServiceSpec spec;
  spec.name = std::move(name);
  spec.run = "program";
  spec.folder = "/";
  spec.instances = 2;
  spec.health.kind = placement::HealthCheck::Kind::http;
  spec.health.target = "/health";
  spec.health.interval = 500ms;
  spec.health.timeout = 500ms;
  spec.health.grace = 5s;
  spec.health.fall = 2;
  spec.update = {.parallel = 1, .healthy_for = 500ms, .deadline = 10s};
  spec.calls.timeout = 5s;
  spec.calls.connect_timeout = 500ms;
  spec.env = {{"BEHAVES", "good"}, {"VERSION", "1"}};
  return spec;
}

}  // namespace

struct ClusterWorld::Machine final : runtime::DrainGate {
  Machine(ClusterWorld& world, Host& host)
      : world(world),
        host(host),
        programs(world.trial_, host,
                 [this](const RunningProgram& program, const http::ServerRequest& request) {
                   this->world.request_came(program, request);
                 }),
        client(host.clock, host.network) {}
  bool drained(const std::string& id, const std::string& incarnation,
               std::uint64_t revision) override {
    return world.drained(*this, id, incarnation, revision);
  }

  ClusterWorld& world;
  Host& host;
  Programs programs;
  http::Client client;
  int proxy_runs = 0;
  std::unique_ptr<AgentProcess> agent;
  std::unique_ptr<ProxyProcess> proxy;
};

ClusterWorld::ClusterWorld(Trial& trial, Weather weather, bool drains_lie)
    : trial_(trial),
      weather_(weather),
      drains_lie_(drains_lie),
      store_host_(trial.simulation.add_host("store")),
      server_host_(trial.simulation.add_host("server")),
      store_(std::make_unique<storage::MemoryStore>(store_host_.clock)) {
  for (std::size_t i = 0; i < agents; ++i) {
    Host& host = trial.simulation.add_host("host" + std::to_string(i + 1));
    machines_.push_back(std::make_unique<Machine>(*this, host));
  }
  for (auto name : service_names) file_[std::string(name)] = first_spec(std::string(name));
}

ClusterWorld::~ClusterWorld() = default;

void ClusterWorld::play() {
  auto& simulation = trial_.simulation;
  for (auto& machine : machines_) {
    simulation.run(machine->host.disk.make_durable_folder("/state")).value();
  }
  start_all();
  auto deployed = simulation.run(first_deploy(), 1min);
  if (!deployed.ok()) return trial_.wrong("the first deploy: " + deployed.error().text());
  serving_ = true;
  for (auto& machine : machines_) scope_.add(call_from(*machine));
  bool over = false;
  scope_.add(play_weather().finally([&] { over = true; }));
  trial_.expect(simulation.run_until([&] { return over; }, faults_last * 8),
                "the faults do not end");
  calm();
  auto converged = simulation.run(converge(), converges_within);
  if (!converged.ok()) return trial_.wrong("it does not converge: " + differs());
  calling_ = false;
  auto called = simulation.run(call_all(), 1min);
  trial_.expect(called.ok(), "calls take too long when all is well");
  trial_.expect(answered_ > 20, "hardly anything was answered");
}

// What happens ------------------------------------------------------------------------------------

void ClusterWorld::start_server() {
  trial_.say("the server starts");
  server_ = std::make_unique<ServerProcess>(trial_, server_host_, *store_, store_host_);
  server_->begin();
}

void ClusterWorld::start_agent(Machine& machine) {
  trial_.say("the agent of " + machine.host.name() + " starts");
  machine.agent = std::make_unique<AgentProcess>(trial_, machine.host, *store_, store_host_,
                                                 machine.programs, machine);
  machine.agent->begin();
}

void ClusterWorld::start_proxy(Machine& machine) {
  std::string name = machine.host.name() + "-" + std::to_string(++machine.proxy_runs);
  machine.proxy = std::make_unique<ProxyProcess>(trial_, machine.host,
                                                 server_host_.address(control_port), name);
  machine.proxy->start();
}

void ClusterWorld::start_all() {
  if (!server_) start_server();
  for (auto& machine : machines_) {
    if (!machine->agent) start_agent(*machine);
    if (!machine->proxy) start_proxy(*machine);
  }
}

placement::SystemSpec ClusterWorld::system() const {
  placement::SystemSpec spec;
  spec.name = "shop";
  spec.environment = "dev";
  for (auto& [name, service] : file_) spec.services.push_back(service);
  return spec;
}

Deferred<void> ClusterWorld::first_deploy() {
  while (!server_->ready()) co_await clock().after(100ms);
  co_await server_->changes().deploy(system(), {});
  while (!differs().empty()) co_await clock().after(200ms);
  co_await clock().after(1s);
}

Deferred<void> ClusterWorld::play_weather() {
  MonotonicTime end = now() + faults_last;
  while (now() < end && !trial_.found()) {
    co_await clock().after(trial_.between(50ms, 2s));
    co_await do_something();
  }
}

Deferred<void> ClusterWorld::do_something() {
  std::uint64_t kinds = weather_ == Weather::changes ? 1 : weather_ == Weather::kills ? 2 : 4;
  switch (trial_.below(kinds)) {
    case 0:
      return change_something();
    case 1:
      return kill_something();
    default:
      return storm();
  }
}

Deferred<void> ClusterWorld::change_something() {
  if (!server_ || !server_->ready()) co_return;
  auto changed = co_await with_timeout(clock(), 15s, change()).result();
  if (changed.ok() || weather_ == Weather::storms) co_return;
  bool asked_for = changed.error().is(Code::conflict) || changed.error().is(Code::not_found);
  trial_.expect(asked_for, "a change is refused: " + changed.error().text());
}

Deferred<storage::Revision> ClusterWorld::change() {
  std::string name(service_names[trial_.below(std::size(service_names))]);
  auto& spec = file_[name];
  auto& changes = server_->changes();
  switch (trial_.below(weather_ == Weather::storms ? 7 : 6)) {
    case 0:
    case 1:
    case 2: {
      static constexpr std::string_view ways[] = {"good", "good", "good", "slow", "ill", "short"};
      auto state = state_now();
      auto there = state.services.find(name);
      bool first = there == state.services.end() || there->second.removed;
      spec.env = {{"BEHAVES", std::string(first ? "good" : ways[trial_.below(std::size(ways))])},
                  {"VERSION", std::to_string(++deploys_ + 1)}};
      spec.update.parallel = static_cast<std::uint32_t>(1 + trial_.below(2));
      trial_.say("deploy of " + name + ", " + spec.env[0].second + ", " + spec.env[1].second);
      return changes.deploy(system(), {name});
    }
    case 3: {
      auto count = static_cast<std::uint32_t>(2 + trial_.below(3));
      trial_.say("scale " + name + " to " + std::to_string(count));
      return changes.scale(name, count);
    }
    case 4:
      trial_.say("rollback of " + name);
      return changes.rollback(name, 0);
    case 5:
      trial_.say("restart of " + name);
      return changes.restart(name);
    default:
      trial_.say("removal of " + name);
      return changes.remove(name);
  }
}

Deferred<void> ClusterWorld::kill_something() {
  Machine& machine = *machines_[trial_.below(machines_.size())];
  switch (trial_.below(4)) {
    case 0:
      trial_.say("the server is killed");
      server_ = nullptr;
      co_await clock().after(trial_.between(1ms, 1500ms));
      if (server_host_.up()) start_server();
      break;
    case 1:
      trial_.say("the agent of " + machine.host.name() + " is killed");
      machine.agent = nullptr;
      co_await clock().after(trial_.between(1ms, 1500ms));
      if (machine.host.up()) start_agent(machine);
      break;
    default:
      kill_instance();
  }
}

/// Outside of storms only while another one is left.
void ClusterWorld::kill_instance() {
  if (weather_ != Weather::storms && !differs().empty()) return;
  Machine& machine = *machines_[trial_.below(machines_.size())];
  auto& programs = machine.programs.all();
  if (programs.empty()) return;
  machine.programs.end(*programs[trial_.below(programs.size())], {0, SIGKILL, ""});
}

Deferred<void> ClusterWorld::storm() {
  Machine& machine = *machines_[trial_.below(machines_.size())];
  switch (trial_.below(7)) {
    case 0:
      co_await crash(machine);
      break;
    case 1:
      trial_.say("the server's host loses power");
      server_host_.crash();
      server_ = nullptr;
      co_await clock().after(trial_.between(100ms, 8s));
      server_host_.start();
      start_server();
      break;
    case 2:
      trial_.say("the proxy of " + machine.host.name() + " is killed");
      machine.proxy = nullptr;
      co_await clock().after(trial_.between(1ms, 300ms));
      start_proxy(machine);
      break;
    case 3: {
      Host& host = trial_.chance(0.2) ? server_host_ : machine.host;
      trial_.say(host.name() + " stalls");
      host.stall(trial_.between(10ms, 8s));
      break;
    }
    default:
      change_wires();
  }
}

void ClusterWorld::change_wires() {
  Fabric& fabric = trial_.simulation.fabric;
  fabric.faults.reset_chance = trial_.chance(0.2) ? 0.01 : 0;
  last_cut_ = now();
  if (trial_.chance(0.4)) return fabric.heal_all();
  auto any = [&]() -> Host& { return trial_.simulation.host(trial_.below(agents + 2)); };
  Host& a = any();
  Host& b = any();
  if (&a == &b) return;
  trial_.say("the wires between " + a.name() + " and " + b.name() + " are cut");
  bool one_way = trial_.chance(0.3);
  fabric.cut(a.node(), b.node());
  if (!one_way) fabric.cut(b.node(), a.node());
}

Deferred<void> ClusterWorld::crash(Machine& machine) {
  trial_.say(machine.host.name() + " loses power");
  machine.host.crash();
  machine.agent = nullptr;
  machine.proxy = nullptr;
  machine.programs.lose_all();
  co_await clock().after(trial_.between(100ms, 12s));
  machine.host.start();
  start_agent(machine);
  start_proxy(machine);
}

void ClusterWorld::calm() {
  trial_.say("all is calm");
  trial_.simulation.fabric.heal_all();
  trial_.simulation.fabric.faults = {};
  start_all();
  // The last fault may be a stall that goes on: nothing is judged before it is over.
  MonotonicTime now = trial_.simulation.now();
  MonotonicTime awake = server_host_.node().stalled_until;
  for (auto& machine : machines_) awake = std::max(awake, machine->host.node().stalled_until);
  if (awake > now) trial_.simulation.run_for(awake - now);
}

// Callers -----------------------------------------------------------------------------------------

Deferred<void> ClusterWorld::call_from(Machine& machine) {
  while (calling_) {
    co_await clock().after(trial_.between(20ms, 500ms));
    if (!machine.host.up()) continue;
    std::string service(service_names[trial_.below(std::size(service_names))]);
    scope_.add(call_once(machine, std::move(service), trial_.chance(0.3)));
  }
}

Deferred<void> ClusterWorld::call_once(Machine& machine, std::string service, bool post) {
  if (server_) {
    auto& services = server_->mirror().state().services;
    auto found = services.find(service);
    if (found != services.end()) {
      vips_[service] = Address::ipv4(vip_network + found->second.vip_host, 7480);
    }
  }
  if (!vips_.contains(service)) co_return;  // nobody knows its address yet
  http::Request request;
  request.method = post ? "POST" : "GET";
  std::string token = "call" + std::to_string(++calls_);
  request.headers = {{"x-token", token}};
  std::string what =
      request.method + " " + token + " to " + service + " from " + machine.host.name();
  auto answer = co_await machine.client.send(vips_[service], std::move(request), 20s).result();
  if (!answer.ok()) {
    look_at_answer(what, post, std::move(answer).error());
    co_return;
  }
  int status = answer->status();
  auto text = co_await with_timeout(clock(), 20s, answer->text()).result();
  std::string body = text.ok() ? *text : text.error().text();
  if (status != 200) {
    look_at_answer(what, post, Error(Code::unavailable, std::to_string(status) + " " + body));
  } else if (!text.ok() && weather_ == Weather::changes) {
    look_at_answer(what, post, Error(Code::reset, "broken off: " + body));
  } else {
    look_at_answer(what, post, status);
  }
}

void ClusterWorld::look_at_answer(const std::string& what, bool post, const Result<int>& status) {
  if (status.ok()) {
    ++answered_;
    return;
  }
  trial_.say(what + " failed: " + status.error().text());
  if (drains_lie_) return;  // the lie itself is to be found, not what comes of it
  bool must = weather_ == Weather::changes || (weather_ == Weather::kills && !post);
  if (must) trial_.wrong(what + " failed: " + status.error().text());
}

// Looking -----------------------------------------------------------------------------------------

bool ClusterWorld::drained(Machine& machine, const std::string& id, const std::string& incarnation,
                           std::uint64_t revision) {
  Fabric& fabric = trial_.simulation.fabric;
  bool reached = server_ && server_->ready() &&
                 fabric.passes(machine.host.node(), server_host_.node()) &&
                 fabric.passes(server_host_.node(), machine.host.node());
  bool gone = reached && server_->catalog().drained(id, incarnation, revision);
  if (!gone && !drains_lie_) return false;
  Drained& drained = drained_[id + "@" + incarnation];
  if (drained.at != MonotonicTime{}) return true;
  drained.at = now();  // by the lie, maybe: the balancers that count are the true ones
  trial_.say(id + "@" + incarnation + " is drained");
  if (reached) {
    for (auto& [name, report] : server_->catalog().balancers()) drained.proxies.insert(name);
  }
  return true;
}

void ClusterWorld::request_came(const RunningProgram& program, const http::ServerRequest& request) {
  std::string token(request.head.headers.value("x-token"));
  if (request.head.method == "POST") {
    auto [before, fresh] = executed_.insert({token, program.name()});
    if (!fresh)
      trial_.wrong("POST " + token + " came to " + before->second + " and " + program.name());
  }
  auto drained = drained_.find(program.name());
  if (drained == drained_.end()) return;
  for (auto& machine : machines_) {
    if (machine->host.address(0).ip_text() != request.peer.ip_text() || !machine->proxy) continue;
    if (!drained->second.proxies.contains(machine->proxy->name())) continue;
    // What a cut wire held back for minutes is nobody's doing any more.
    if (last_cut_ != MonotonicTime{}) continue;
    trial_.wrong("request " + token + " came to " + program.name() + " by " +
                 machine->proxy->name() + " after its drain was acknowledged");
  }
}

placement::ClusterState ClusterWorld::state_now() const {
  auto page = storage::read_all(*store_, {}).take();
  placement::ClusterState state;
  if (!page.ok()) return state;
  for (auto& entry : page->entries) {
    auto applied = state.apply(entry.key, &entry.value);
    trial_.expect(applied.ok(), "an entry cannot be read: " + entry.key);
  }
  return state;
}

std::string ClusterWorld::differs() {
  placement::ClusterState state = state_now();
  std::map<std::string, std::shared_ptr<RunningProgram>> running;
  for (auto& machine : machines_) {
    if (!state.hosts.contains(machine->host.name())) return machine->host.name() + " is not there";
    for (auto& program : machine->programs.all()) {
      if (!program->runs()) continue;
      if (!running.insert({program->spec.id, program}).second) {
        return program->spec.id + " runs twice";
      }
    }
  }
  std::size_t wanted = 0;
  for (auto& [name, service] : state.services) {
    if (service.removed) return name + " is still being removed";
    if (auto why = differs(service, state, running); !why.empty()) return name + ": " + why;
    wanted += service.instances;
  }
  for (auto& [id, program] : running) {
    if (!state.services.contains(program->spec.service.name)) return id + " runs and is not wanted";
  }
  return running.size() == wanted ? "" : "more runs than is wanted";
}

std::string ClusterWorld::differs(
    const placement::DesiredService& service, const placement::ClusterState& state,
    const std::map<std::string, std::shared_ptr<RunningProgram>>& running) {
  auto assigned = state.assignments.find(service.name);
  std::size_t count = assigned == state.assignments.end() ? 0 : assigned->second.size();
  if (count != service.instances) {
    return std::to_string(count) + " are assigned, " + std::to_string(service.instances) +
           " are wanted";
  }
  for (auto& [number, assignment] : assigned->second) {
    std::string id = assignment.id();
    if (assignment.stop) return id + " is stopping";
    if (assignment.version != service.target) return id + " is of another version";
    if (assignment.generation != service.generation) return id + " is of another generation";
    auto program = running.find(id);
    if (program == running.end()) return id + " does not run";
    auto& spec = program->second->spec;
    if (spec.version != service.target) return id + " runs another version";
    auto records = state.instances.find(service.name);
    if (records == state.instances.end() || !records->second.contains(number)) {
      return id + " is not registered";
    }
    auto& record = records->second.at(number);
    if (record.state != placement::InstanceState::healthy) return id + " is not healthy";
    if (record.host != assignment.host) return id + " is registered elsewhere";
    if (record.incarnation != spec.incarnation) return id + " is registered as another";
  }
  if (service.rollouts.back().result == placement::RolloutResult::running) {
    return "its rollout goes on";
  }
  return "";
}

/// Every proxy knows what the server's catalog knows: one whose server lost power hears of it by
/// silence, which takes longer than anything else.
bool ClusterWorld::proxies_follow() {
  std::uint64_t latest = server_ ? server_->catalog().snapshot()->revision : 0;
  return std::ranges::all_of(machines_, [&](auto& machine) {
    return machine->proxy && machine->proxy->proxy().revision() >= latest;
  });
}

Deferred<void> ClusterWorld::converge() {
  for (;;) {
    co_await clock().after(500ms);
    if (differs().empty() && proxies_follow()) break;
  }
  co_await clock().after(3s);
}

Deferred<void> ClusterWorld::call_all() {
  auto state = state_now();
  for (auto& machine : machines_) {
    for (auto& [name, service] : state.services) {
      Address vip = Address::ipv4(vip_network + service.vip_host, 7480);
      for (int i = 0; i < 5; ++i) {
        auto answer = co_await machine->client.get(vip, "/", 20s).result();
        std::string what = "when all is well, a GET to " + name + " from " + machine->host.name();
        if (!answer.ok()) {
          trial_.wrong(what + " fails: " + answer.error().text());
          continue;
        }
        std::string text = co_await answer->text();
        trial_.expect(answer->status() == 200, what + " is answered " + text);
      }
    }
  }
}

}  // namespace berth::sim
