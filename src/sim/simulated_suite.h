#pragma once

#include "async/world_suite.h"
#include "sim/simulation.h"

namespace berth::sim {

/// Two simulated hosts, for the suites.
class SimulatedSuiteWorld final : public SuiteWorld {
 public:
  explicit SimulatedSuiteWorld(std::uint64_t seed) : simulation_(seed) {
    first_.process.add_program("ok", [](SpawnSpec) { return ready(0); });
    first_.process.add_program("three", [](SpawnSpec) { return ready(3); });
    first_.process.add_program("wait", [this](SpawnSpec) {
      return Deferred<int>(first_.clock.after(24h).then([] { return 0; }));
    });
  }

  World& world() override { return first_.world(); }
  World& other() override { return second_.world(); }
  Address address() override { return first_.address(0); }
  Address other_address() override { return second_.address(0); }
  std::string folder() override {
    run(first_.disk.make_folder("/suite")).value();
    return "/suite";
  }
  std::vector<std::string> program(const std::string& name) override { return {name}; }
  void turn() override {
    if (!simulation_.step()) simulation_.run_for(1ms);
  }

 private:
  Simulation simulation_;
  Host& first_ = simulation_.add_host("first");
  Host& second_ = simulation_.add_host("second");
};

inline std::unique_ptr<SuiteWorld> make_simulated_world(std::uint64_t seed) {
  return std::make_unique<SimulatedSuiteWorld>(seed);
}

inline std::vector<SuiteParameter> simulated_seeds(std::uint64_t count) {
  std::vector<SuiteParameter> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.push_back({make_simulated_world, seed});
  return all;
}

}  // namespace berth::sim

/// Runs a suite on the simulated world, with some seeds.
#define BERTH_SIMULATED_SUITE(suite, seeds)                                              \
  INSTANTIATE_TEST_SUITE_P(Sim, suite, ::testing::ValuesIn(sim::simulated_seeds(seeds)), \
                           [](auto& each) { return "seed_" + std::to_string(each.param.seed); })
