#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "placement/edits.h"
#include "placement/scheduler.h"

namespace berth::placement {

/// How instances of one version behave: the defaults start at once and are healthy soon.
struct Behaviour {
  Duration prepare = 0s;       // pending for so long
  Duration to_health = 300ms;  // from its start
  bool healthy = true;
  Duration lives = 0s;  // ends by itself after so long, and is started again; 0: does not
  std::string why = "GET /health answered 500";
};

/// A cluster without any I/O: schedule() decides, made-up agents do as they are told, and time
/// passes in steps. What every decision must hold is checked at each.
class TestCluster {
 public:
  static constexpr Duration drain = 1s;

  ClusterState state;
  WallTime now{1'000'000'000'000'000'000};
  SchedulerOptions options;
  std::map<std::string, Behaviour> behaviour;  // by "orders@2" (version) or "orders"
  std::vector<FeedEntry> feed;
  Decision last;
  std::size_t least_healthy = 0;  // of `watched`, since watch()
  std::size_t most_there = 0;

  TestCluster() { state.system = {"shop", "dev", "shop.localhost", 0x7f4d0700}; }

  void add_host(const std::string& name, std::int64_t cpu = 0, std::int64_t memory = 0,
                bool docker = false) {
    state.hosts[name] = {name, "127.0.0.1", cpu, memory, docker};
    hosts_[name] = state.hosts[name];
  }
  /// It falls silent, with what runs on it.
  void lose_host(const std::string& name) { state.hosts.erase(name); }
  void find_host(const std::string& name) { state.hosts[name] = hosts_.at(name); }

  static ServiceSpec spec(const std::string& name, std::uint32_t instances = 1,
                          const std::string& run = "v1") {
    ServiceSpec spec;
    spec.name = name;
    spec.run = run;
    spec.folder = "/shop";
    spec.instances = instances;
    return spec;
  }
  void deploy(const ServiceSpec& spec) {
    auto there = state.services.find(spec.name);
    if (there != state.services.end())
      placement::deploy(there->second, spec, now, {});
    else
      state.services[spec.name] =
          first_deploy(spec, static_cast<std::uint32_t>(state.services.size() + 2), now);
  }
  DesiredService& service(const std::string& name) { return state.services.at(name); }
  const Rollout& rollout(const std::string& name) { return service(name).rollouts.back(); }

  std::size_t count(const std::string& name,
                    std::function<bool(const Assignment&, const InstanceRecord*)> is) const {
    std::size_t count = 0;
    auto found = state.assignments.find(name);
    if (found == state.assignments.end()) return 0;
    for (auto& [number, assignment] : found->second) count += is(assignment, record(assignment));
    return count;
  }
  std::size_t healthy(const std::string& name) const {
    return count(name, [&](const Assignment& a, const InstanceRecord* r) {
      return !a.stop && r && r->state == InstanceState::healthy && state.hosts.contains(a.host);
    });
  }
  std::size_t wanted_there(const std::string& name) const {
    return count(name, [](const Assignment& a, auto) { return !a.stop; });
  }
  std::size_t there(const std::string& name) const {
    return count(name, [](auto&, auto) { return true; });
  }
  std::set<std::uint32_t> numbers(const std::string& name) const {
    std::set<std::uint32_t> out;
    count(name, [&](const Assignment& a, auto) { return a.stop || out.insert(a.number).second; });
    return out;
  }
  std::map<std::string, std::size_t> by_host(const std::string& name) const {
    std::map<std::string, std::size_t> out;
    count(name, [&](const Assignment& a, auto) { return a.stop || ++out[a.host]; });
    return out;
  }
  std::vector<std::string> feed_of(const std::string& name) const {
    std::vector<std::string> out;
    for (const FeedEntry& entry : feed)
      if (entry.service == name) out.push_back(entry.kind + ": " + entry.text);
    return out;
  }
  void watch(const std::string& name) {
    watched_ = name;
    least_healthy = 1000;
    most_there = 0;
  }

  /// Decides until nothing changes any more, and checks that it comes to an end.
  void decide() {
    for (int i = 0;; ++i) {
      last_seen();
      last = schedule(state, last_seen_, now, options);
      if (last.empty()) break;
      apply(last);
      Decision again = schedule(state, last_seen_, now, options);
      ASSERT_TRUE(again.empty()) << "a decision on its own result changes something: "
                                 << described(again);
      ASSERT_LT(i, 3);
    }
  }
  /// Time passes, in steps of a tenth of a second.
  void run(Duration duration) {
    for (WallTime end = now + duration; now < end;) {
      decide();
      if (::testing::Test::HasFatalFailure()) return;
      act();
      if (!watched_.empty()) {
        least_healthy = std::min(least_healthy, healthy(watched_));
        most_there = std::max(most_there, wanted_there(watched_));
      }
      now = now + 100ms;
    }
    decide();
  }
  /// Until it holds, at most for `limit`.
  bool run_until(std::function<bool()> holds, Duration limit = 5min) {
    for (WallTime end = now + limit; now < end && !holds();) run(100ms);
    return holds();
  }
  bool run_until_done(const std::string& name) {
    return run_until([&] { return rollout(name).result == RolloutResult::done; });
  }

  void apply(const Decision& d) {
    for (auto& a : d.assign) state.assignments[a.service][a.number] = a;
    for (auto& id : d.unassign) erase(state.assignments, id);
    for (auto& id : d.bury) erase(state.instances, id);
    for (auto& s : d.services) state.services[s.name] = s;
    for (auto& p : d.policies) state.policies[p.name] = p;
    for (auto& name : d.forget) {
      state.services.erase(name);
      state.policies.erase(name);
    }
    feed.insert(feed.end(), d.feed.begin(), d.feed.end());
  }

  InstanceRecord* record(const Assignment& a) const {
    auto found = state.instances.find(a.service);
    if (found == state.instances.end()) return nullptr;
    auto record = found->second.find(a.number);
    if (record == found->second.end() || record->second.host != a.host) return nullptr;
    return const_cast<InstanceRecord*>(&record->second);
  }
  static std::string described(const Decision& d) {
    std::string out;
    for (auto& a : d.assign) out += " assign " + to_json(a).text();
    for (auto& id : d.unassign) out += " unassign " + id;
    for (auto& id : d.bury) out += " bury " + id;
    for (auto& s : d.services) out += " service " + to_json(s).text();
    for (auto& p : d.policies) out += " policy " + p.name;
    for (auto& name : d.forget) out += " forget " + name;
    return out;
  }

 private:
  template <class Map>
  static void erase(Map& map, const std::string& id) {
    std::size_t slash = id.find('/');
    auto found = map.find(id.substr(0, slash));
    if (found == map.end()) return;
    found->second.erase(static_cast<std::uint32_t>(std::stoul(id.substr(slash + 1))));
    if (found->second.empty()) map.erase(found);
  }
  void last_seen() {
    for (auto& [name, record] : hosts_) {
      if (state.hosts.contains(name))
        last_seen_.erase(name);
      else
        last_seen_.try_emplace(name, now);
    }
  }
  const Behaviour& behaviour_of(const Assignment& a) {
    auto found = behaviour.find(a.service + "@" + std::to_string(a.version));
    return found != behaviour.end() ? found->second : behaviour[a.service];
  }
  /// What the agents of all hosts that are there do.
  void act() {
    auto assignments = state.assignments;
    for (auto& [service, numbered] : assignments)
      for (auto& [number, a] : numbered)
        if (state.hosts.contains(a.host)) act(a);
    for (auto& [service, numbered] : std::map(state.instances))  // what nobody assigned goes
      for (auto& [number, r] : numbered) {
        auto& of = state.assignments[service];
        bool assigned = of.contains(number) && of.at(number).host == r.host;
        if (!assigned && state.hosts.contains(r.host)) erase(state.instances, r.id());
        if (of.empty()) state.assignments.erase(service);
      }
  }
  void act(const Assignment& a) {
    InstanceRecord* r = record(a);
    const Behaviour& b = behaviour_of(a);
    if (a.stop) {
      if (!r) return;
      if (r->state != InstanceState::draining) return set(*r, InstanceState::draining);
      if (now - r->since >= drain) erase(state.instances, a.id());
      return;
    }
    if (!r) {
      InstanceRecord fresh{.service = a.service, .number = a.number};
      fresh.version = a.version;
      fresh.generation = a.generation;
      fresh.host = a.host;
      fresh.since = now;
      state.instances[a.service][a.number] = fresh;
      r = record(a);
    }
    if (r->state == InstanceState::pending && now - r->since >= b.prepare) {
      set(*r, InstanceState::starting);
    } else if (r->state == InstanceState::starting && now - r->since >= b.to_health) {
      set(*r, b.healthy ? InstanceState::healthy : InstanceState::unhealthy,
          b.healthy ? "" : b.why);
    } else if (r->state == InstanceState::unhealthy && b.healthy) {
      set(*r, InstanceState::healthy);
    } else if (r->state == InstanceState::healthy && !b.healthy) {
      set(*r, InstanceState::unhealthy, b.why);
    } else if (b.lives > 0s && r->state != InstanceState::failed && now - r->since >= b.lives) {
      set(*r, InstanceState::failed, "exited with 1");
    } else if (r->state == InstanceState::failed) {
      ++r->restarts;
      set(*r, InstanceState::starting, r->why);
    }
  }
  void set(InstanceRecord& r, InstanceState s, std::string why = "") {
    r.state = s;
    r.since = now;
    r.why = std::move(why);
  }

  std::map<std::string, HostRecord> hosts_;
  LastSeen last_seen_;
  std::string watched_;
};

/// What the tests of decisions share.
struct SchedulerTest : ::testing::Test, TestCluster {
  using TestCluster::behaviour;
  SchedulerTest() { add_host("a"); }

  /// Orders with version 1 running well.
  void orders(std::uint32_t instances) {
    deploy(spec("orders", instances));
    ASSERT_TRUE(run_until_done("orders"));
    feed.clear();
  }
};

}  // namespace berth::placement
