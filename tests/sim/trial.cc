#include "sim/trial.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "base/strings.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define BERTH_DEATH_CALLBACK(function) __sanitizer_set_death_callback(function)
#endif
#endif
#ifndef BERTH_DEATH_CALLBACK
#define BERTH_DEATH_CALLBACK(function) static_cast<void>(function)
#endif

namespace berth::sim {
namespace {

Trial* current = nullptr;

std::string replay(std::uint64_t seed) {
  auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string filter =
      test ? std::string(" --gtest_filter=") + test->test_suite_name() + "." + test->name() : "";
  return "run it again: BERTH_SEED=" + std::to_string(seed) + " build/dev/tests/sim_test" + filter +
         " (BERTH_TRACE=1 prints all that happens)";
}

/// A crash says which seed it was.
void tell_seed() {
  if (!current) return;
  std::string text =
      "\nseed " + std::to_string(current->seed) + " crashed; " + replay(current->seed) + "\n";
  std::fputs(text.c_str(), stderr);
}

bool environment_has(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

struct Seeds {
  std::uint64_t first;
  std::uint64_t last;
};
Seeds seeds_to_run(std::uint64_t count) {
  if (environment_has("BERTH_SEED")) {
    std::uint64_t seed = std::strtoull(std::getenv("BERTH_SEED"), nullptr, 10);
    return {seed, seed};
  }
  if (environment_has("BERTH_SEEDS")) {
    std::string_view text = std::getenv("BERTH_SEEDS");
    auto dash = text.find('-');
    auto first = parse_integer<std::uint64_t>(text.substr(0, dash), 1);
    auto last = dash == text.npos ? first : parse_integer<std::uint64_t>(text.substr(dash + 1), 1);
    check(first.ok() && last.ok(), "BERTH_SEEDS is FIRST-LAST");
    return {*first, *last};
  }
  return {1, count};
}

struct Run {
  std::optional<std::string> found;
  std::uint64_t trace = 0;
};
Run run_once(Scenario scenario, std::uint64_t seed) {
  Trial trial(seed);
  scenario(trial);
  return {trial.found(), trial.simulation.trace_hash()};
}

}  // namespace

Trial::Trial(std::uint64_t seed)
    : seed(seed),
      simulation(seed),
      random(seed * 0x9e3779b97f4a7c15 + 1),
      trace_(environment_has("BERTH_TRACE")) {
  current = this;
  simulation.timeline.print_trace(trace_ && std::string_view(std::getenv("BERTH_TRACE")) == "2");
  target_.write = [](void* context, std::string_view line) {
    if (static_cast<Trial*>(context)->trace_) std::fputs(std::string(line).c_str(), stderr);
  };
  target_.now = [](void* context) {
    return static_cast<Trial*>(context)->simulation.timeline.wall();
  };
  target_.context = this;
  target_.level = trace_ ? LogLevel::debug : LogLevel::off;
  set_unhandled_error_sink([](const Error& error) {
    if (current)
      current->wrong("an error that nobody took: " + error.text() + " (" + error.where() + ")");
  });
}

Trial::~Trial() {
  set_unhandled_error_sink(nullptr);
  current = nullptr;
}

void Trial::wrong(std::string what) {
  double seconds = static_cast<double>(simulation.now().nanoseconds) / 1e9;
  std::string text = what + " (at " + std::to_string(seconds) + " s)";
  say("WRONG: " + text);
  if (!found_) found_ = std::move(text);
}

void Trial::say(std::string_view what) {
  if (!trace_) return;
  std::fprintf(stderr, "%12.6f == %.*s\n", static_cast<double>(simulation.now().nanoseconds) / 1e9,
               static_cast<int>(what.size()), what.data());
}

Duration Trial::between(Duration least, Duration most) {
  return least + Duration(static_cast<std::int64_t>(
                     random.below(static_cast<std::uint64_t>((most - least).count()) + 1)));
}

std::optional<Found> sweep(Scenario scenario, std::uint64_t count) {
  BERTH_DEATH_CALLBACK(tell_seed);
  std::signal(SIGABRT, [](int) { tell_seed(); });
  Seeds seeds = seeds_to_run(count);
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    Run run = run_once(scenario, seed);
    if (run.found) return Found{seed, *run.found};
    if (seed % 64 == 1 && run_once(scenario, seed).trace != run.trace) {
      return Found{seed, "the same seed made two different runs"};
    }
  }
  return std::nullopt;
}

void expect_holds(Scenario scenario, std::uint64_t count) {
  auto found = sweep(scenario, count);
  if (found) {
    ADD_FAILURE() << "seed " << found->seed << ": " << found->what << "\n" << replay(found->seed);
  }
}

void expect_found(Scenario scenario, std::uint64_t count, std::string_view hint) {
  auto found = sweep(scenario, count);
  if (environment_has("BERTH_SEED")) {
    std::fprintf(stderr, "planted bug: %s\n", found ? found->what.c_str() : "not found");
    return;
  }
  ASSERT_TRUE(found) << "the planted bug was not found";
  std::fprintf(stderr, "planted bug found with seed %llu: %s\n",
               static_cast<unsigned long long>(found->seed), found->what.c_str());
  EXPECT_NE(found->what.find(hint), std::string::npos) << "found something else: " << found->what;
}

}  // namespace berth::sim
