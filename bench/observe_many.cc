// Many series for bench/observe_many.py: observe_many FOLDER SERIES ROUNDS [any]. Prints memory a
// series and CPU nanoseconds an event (labels made, series found, sample in memory and in the log).
// Each round has the series in the same order, or with `any` in another one.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <numeric>
#include <string>

#include "async/clock.h"
#include "observe/samples/sample_store.h"
#include "os/react.h"
#include "process_time.h"

using namespace berth;

namespace {

constexpr std::size_t events_a_commit = 2000;
constexpr std::size_t warm_rounds = 2;

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * 4096;
}

promql::Labels labels_of(std::size_t number) {
  return promql::Labels({{"__name__", "berth_path_requests_total"},
                         {"service", fmt::format("service-{}", number % 500)},
                         {"path", fmt::format("/carts/:id/items-{}", number / 500)},
                         {"status", "200"}});
}

/// What the n-th event of a round is of: all once, in an order that each stride makes.
struct Order {
  std::size_t series;
  std::size_t stride;
  std::size_t at(std::size_t n) const { return n * stride % series; }
};

Order order_of(std::size_t series, std::size_t round, bool any) {
  std::size_t stride = any ? series * 5 / 13 + round * 1009 : 1;
  while (std::gcd(stride, series) != 1) ++stride;
  return {series, stride};
}

/// One event of each series, ten seconds after the one before.
Deferred<void> round(observe::SampleStore& store, Order order, std::int64_t time,
                     std::size_t number) {
  for (std::size_t i = 0; i < order.series; ++i) {
    auto* found = co_await or_return(store.series(labels_of(order.at(i))));
    auto value = static_cast<double>(number * 37 + i % 11);
    co_await or_return(store.append(*found, {time, value}));
    if (i % events_a_commit == events_a_commit - 1) co_await store.commit();
  }
  co_await store.commit();
}

Deferred<void> measure(World& world, std::string folder, std::size_t series, std::size_t rounds,
                       bool any) {
  observe::SampleStore store(world, Log(), {.folder = std::move(folder), .series_max = 2'000'000});
  co_await store.open();
  std::int64_t now = world.clock.wall().nanoseconds / 1'000'000;
  std::int64_t begin = now - 3'600'000;
  std::size_t empty = resident_bytes();
  std::size_t done = 0;
  for (; done < warm_rounds; ++done) {
    co_await round(store, order_of(series, done, any),
                   begin + static_cast<std::int64_t>(done) * 10'000, done);
  }
  bench::ProcessTime spent;
  for (; done < warm_rounds + rounds; ++done) {
    co_await round(store, order_of(series, done, any),
                   begin + static_cast<std::int64_t>(done) * 10'000, done);
  }
  std::printf("%.0f\n", static_cast<double>(resident_bytes() - empty) /
                            static_cast<double>(store.series_in_memory()));
  spent.print(series * rounds);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 4) {
    std::fprintf(stderr, "usage: observe_many FOLDER SERIES ROUNDS [any]\n");
    return 2;
  }
  std::size_t series = std::stoul(arguments[2]);
  std::size_t rounds = std::stoul(arguments[3]);
  bool any = count > 4;
  return os::react([&](World& world) { return measure(world, arguments[1], series, rounds, any); });
}
