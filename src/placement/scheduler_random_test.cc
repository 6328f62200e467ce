#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "placement/cluster_suite.h"

namespace berth::placement {
namespace {

/// Random numbers from one seed, which is told when a test fails.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }
  bool chance(double share) { return below(1000) < share * 1000; }

 private:
  std::mt19937_64 engine_;
};

/// BERTH_SEEDS=N tries that many instead.
std::uint64_t seeds(std::uint64_t by_default) {
  const char* wanted = std::getenv("BERTH_SEEDS");
  return wanted ? std::stoull(wanted) : by_default;
}

ServiceSpec random_spec(Dice& dice, const std::string& name) {
  ServiceSpec spec = TestCluster::spec(name, dice.below(5), "v" + std::to_string(dice.below(1000)));
  if (dice.chance(0.3)) spec.memory_bytes = (16 + dice.below(64)) << 20;
  if (dice.chance(0.2)) spec.port = static_cast<std::uint16_t>(8000 + dice.below(3));
  if (dice.chance(0.1)) spec.has_port = false;
  if (dice.chance(0.2)) spec.source = ServiceSpec::Source::image;
  if (dice.chance(0.3)) spec.needs.push_back("s" + std::to_string(dice.below(4)));
  spec.update.parallel = 1 + dice.below(3);
  spec.update.healthy_for = Duration(dice.below(3) * 1s);
  spec.update.deadline = Duration((5 + dice.below(60)) * 1s);
  return spec;
}

/// Any state at all, also ones that no history leads to.
void random_state(Dice& dice, TestCluster& cluster) {
  for (std::uint32_t i = 0; i < dice.below(4); ++i)
    cluster.add_host("h" + std::to_string(i), 2000, (128 + dice.below(512)) << 20,
                     dice.chance(0.5));
  for (std::uint32_t i = 0; i < 1 + dice.below(4); ++i) {
    std::string name = "s" + std::to_string(i);
    for (std::uint32_t deploys = 0; deploys < 1 + dice.below(4); ++deploys)
      cluster.deploy(random_spec(dice, name));
    DesiredService& service = cluster.service(name);
    service.generation = dice.below(2);
    for (Version& version : service.versions) version.good = dice.chance(0.5);
    service.target = 1 + dice.below(static_cast<std::uint32_t>(service.versions.size()));
    service.rollouts.back().to = service.target;
    if (dice.chance(0.2)) service.rollouts.back().automatic = true;
    if (dice.chance(0.3))
      service.rollouts.back().result = static_cast<RolloutResult>(dice.below(4));
    if (dice.chance(0.3)) service.rollouts.back().why = "1 of 2 replaced";
    if (dice.chance(0.1)) service.removed = true;
    if (dice.chance(0.1)) service.rollouts.clear();
    for (std::uint32_t n = 1; n < 8; ++n) {
      WallTime made = cluster.now - Duration(dice.below(100) * 1s);
      std::string host = "h" + std::to_string(dice.below(4));
      std::uint64_t version = 1 + dice.below(4);
      if (dice.chance(0.6))
        cluster.state.assignments[name][n] = {
            name, n, version, dice.below(2), host, dice.chance(0.2), made};
      if (!dice.chance(0.6)) continue;
      InstanceRecord record{.service = name, .number = n};
      record.host = dice.chance(0.9) ? host : "h0";
      record.version = version;
      record.generation = dice.below(2);
      record.state = static_cast<InstanceState>(dice.below(7));
      record.since = made + Duration(dice.below(20) * 1s);
      record.restarts = dice.below(5);
      cluster.state.instances[name][n] = record;
    }
    if (dice.chance(0.05)) cluster.state.services.erase(name);
  }
}

TEST(SchedulerRandom, a_decision_on_its_own_result_changes_nothing) {
  for (std::uint64_t seed = 1; seed <= seeds(1500); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    TestCluster cluster;
    random_state(dice, cluster);
    for (int i = 0; i < 4; ++i) {
      cluster.decide();  // asserts it
      cluster.now = cluster.now + Duration(dice.below(60) * 1s);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/// What must be at any time of any history.
void expect_sound(const TestCluster& cluster) {
  std::map<std::string, std::int64_t> memory;
  std::map<std::pair<std::string, std::uint16_t>, int> ports;
  for (auto& [name, numbered] : cluster.state.assignments) {
    for (auto& [number, a] : numbered) {
      auto service = cluster.state.services.find(name);
      if (service == cluster.state.services.end()) continue;
      const Version* version = service->second.version(a.version);
      ASSERT_TRUE(version) << a.id() << " runs a version that is not kept";
      memory[a.host] += version->spec.memory_bytes;
      if (version->spec.has_port && version->spec.port) {
        EXPECT_EQ(++ports[std::make_pair(a.host, version->spec.port)], 1) << a.id();
      }
      auto host = cluster.state.hosts.find(a.host);
      if (host == cluster.state.hosts.end()) continue;
      bool needs_docker = version->spec.source != ServiceSpec::Source::command;
      EXPECT_TRUE(!needs_docker || host->second.docker) << a.id();
      EXPECT_LE(memory[a.host], host->second.memory_bytes) << a.id();
    }
  }
}

/// Weeks of a busy team in a minute: deploys, broken versions, scaling, restarts, lost hosts.
void disturb(Dice& dice, TestCluster& cluster) {
  std::string name = "s" + std::to_string(dice.below(4));
  auto there = cluster.state.services.find(name);
  switch (dice.below(9)) {
    case 0:
    case 1: {
      ServiceSpec spec = random_spec(dice, name);
      spec.needs.clear();
      if (spec.port) spec.port = static_cast<std::uint16_t>(8000 + name[1]);  // its own
      if (name != "s0" && dice.chance(0.3)) spec.needs = {"s0"};
      cluster.deploy(spec);
      Behaviour& b = cluster.behaviour[name + "@" + std::to_string(cluster.service(name).target)];
      b.to_health = Duration(dice.below(3000) * 1ms);
      b.healthy = !dice.chance(0.3);
      b.lives = dice.chance(0.15) ? Duration(dice.below(2000) * 1ms) : 0s;
      break;
    }
    case 2:
      if (there != cluster.state.services.end()) (void)scale(there->second, dice.below(5)).ok();
      break;
    case 3:
      if (there != cluster.state.services.end()) (void)restart(there->second, cluster.now).ok();
      break;
    case 4:
      if (there != cluster.state.services.end())
        (void)roll_back(there->second, dice.below(4), cluster.now).ok();
      break;
    case 5:
      if (there != cluster.state.services.end() && dice.chance(0.3))
        remove(there->second, cluster.now);
      break;
    case 6:
      cluster.lose_host("h" + std::to_string(dice.below(4)));
      break;
    default:
      cluster.find_host("h" + std::to_string(dice.below(4)));
  }
}

TEST(SchedulerRandom, desired_and_running_converge_after_any_history) {
  for (std::uint64_t seed = 1; seed <= seeds(10); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Dice dice(seed);
    TestCluster cluster;
    for (int i = 0; i < 4; ++i)
      cluster.add_host("h" + std::to_string(i), 64'000, std::int64_t{4} << 30, true);
    for (int i = 0; i < 25; ++i) {
      disturb(dice, cluster);
      cluster.run(Duration(dice.below(200) * 100ms));
      expect_sound(cluster);
      if (testing::Test::HasFatalFailure()) return;
    }
    for (int i = 0; i < 4; ++i) cluster.find_host("h" + std::to_string(i));
    for (auto& [key, behaviour] : cluster.behaviour) behaviour = {};  // whatever was broken is well
    ServiceSpec needed = TestCluster::spec("s0", 1, "last");          // others may wait for it
    cluster.deploy(needed);
    (void)scale(cluster.service("s0"), 1).ok();
    cluster.run(5min);
    for (auto& [name, service] : cluster.state.services) {
      EXPECT_FALSE(service.removed) << name;
      std::size_t right = cluster.count(name, [&](const Assignment& a, const InstanceRecord* r) {
        return !a.stop && a.version == service.target && a.generation == service.generation && r &&
               r->state == InstanceState::healthy;
      });
      EXPECT_EQ(cluster.there(name), right) << name << ": " << cluster.last.waits[name];
      EXPECT_EQ(cluster.state.instances[name].size(), right) << name;
      EXPECT_EQ(right, service.instances) << name << ": " << cluster.last.waits[name];
      EXPECT_NE(service.rollouts.back().result, RolloutResult::running) << name;
    }
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace berth::placement
