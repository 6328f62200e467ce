#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "sim/simulation.h"

namespace berth::sim {

/// One run of a scenario with one seed: a simulated world, chance for what the scenario does in it,
/// and the first thing that was found wrong. Errors that nobody took are wrong too.
class Trial {
 public:
  explicit Trial(std::uint64_t seed);
  ~Trial();
  Trial(const Trial&) = delete;

  /// An invariant does not hold: what, with names and ids. Only the first is kept.
  void wrong(std::string what);
  void expect(bool holds, std::string_view what) {
    if (!holds) wrong(std::string(what));
  }
  const std::optional<std::string>& found() const { return found_; }
  Log log() const { return Log(target_, "sim"); }
  /// With BERTH_TRACE=1: a line of what the scenario does.
  void say(std::string_view what);

  // What a scenario does by chance.
  bool chance(double share) { return random.chance(share); }
  std::uint64_t below(std::uint64_t bound) { return random.below(bound); }
  Duration between(Duration least, Duration most);

  const std::uint64_t seed;
  Simulation simulation;
  Random random;

 private:
  std::optional<std::string> found_;
  LogTarget target_;
  bool trace_;
};

using Scenario = void (*)(Trial& trial);

struct Found {
  std::uint64_t seed = 0;
  std::string what;
};

/// Runs it with the seeds from 1 to `count` until one finds something wrong. Environment:
/// BERTH_SEED=n runs that one alone, BERTH_SEEDS=a-b those from a to b, BERTH_TRACE=1 prints all
/// that happens. Some seeds are run twice and must make the same run.
std::optional<Found> sweep(Scenario scenario, std::uint64_t count);

/// For gtest: fails with the seed and how to run it again.
void expect_holds(Scenario scenario, std::uint64_t count);
/// For a planted bug: fails unless it is found within `count` seeds.
void expect_found(Scenario scenario, std::uint64_t count, std::string_view hint);

}  // namespace berth::sim
