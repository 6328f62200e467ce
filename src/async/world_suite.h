#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "async/clock.h"
#include "async/disk.h"
#include "async/executor.h"
#include "async/network.h"
#include "async/process.h"
#include "async/random.h"
#include "async/world.h"

namespace berth {

/// An implementation of the interfaces to the outside, for the suites that hold on each: network,
/// disk, clock, executor, random, process.
class SuiteWorld {
 public:
  virtual ~SuiteWorld() = default;

  virtual World& world() = 0;
  /// Another host that reaches the first, or the same one.
  virtual World& other() { return world(); }
  /// Addresses of both, with port 0.
  virtual Address address() { return Address::loopback(0); }
  virtual Address other_address() { return Address::loopback(0); }
  /// An empty folder of its own.
  virtual std::string folder() = 0;
  /// The argv of a program that ends at once with 0 ("ok") or 3 ("three"), or never ("wait").
  virtual std::vector<std::string> program(const std::string& name) = 0;
  /// Lets something happen, for some milliseconds at most.
  virtual void turn() = 0;

  /// The result; a test fails where it takes longer than half a minute.
  template <class T>
  Result<T> run(Deferred<T> work) {
    MonotonicTime end = world().clock.exact_now() + 30s;
    while (work.pending() && world().clock.exact_now() < end) turn();
    if (work.pending()) return Error(Code::internal, "the suite has waited for too long");
    return work.take();
  }
  void run_for(Duration time) { run(world().clock.after(time)).value(); }
  /// Turns until it holds; false if it did not within some seconds.
  template <class F>
  bool until(F holds) {
    MonotonicTime end = world().clock.exact_now() + 10s;
    while (!holds() && world().clock.exact_now() < end) turn();
    return holds();
  }
};

using MakeSuiteWorld = std::unique_ptr<SuiteWorld> (*)(std::uint64_t seed);

struct SuiteParameter {
  MakeSuiteWorld make;
  std::uint64_t seed;
  friend void PrintTo(const SuiteParameter& p, std::ostream* out) { *out << "seed " << p.seed; }
};

/// The base of every suite's fixture.
class WorldSuite : public ::testing::TestWithParam<SuiteParameter> {
 protected:
  template <class T>
  Result<T> run(Deferred<T> work) {
    return suite->run(std::move(work));
  }

  std::unique_ptr<SuiteWorld> suite = GetParam().make(GetParam().seed);
  World& world = suite->world();
  World& other = suite->other();
};

}  // namespace berth
