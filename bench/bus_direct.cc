// The bus without HTTP in front of it.
//   bus_direct publish FOLDER PUBLISHERS SECONDS BYTES   messages per second and CPU of each
//   bus_direct backlog FOLDER MESSAGES                   how publishing and delivering keep their
//                                                        pace with so many messages behind
// Prints one line of JSON.
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "bus/bus.h"
#include "bus_world.h"
#include "http/server.h"

using namespace berth;

namespace {

double cpu_seconds() {
  timespec t;
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}
double seconds_of(const BenchWorld& bench) {
  return static_cast<double>(bench.reactor.exact_now().nanoseconds) * 1e-9;
}

Deferred<void> publish_until(const bool& ended, bus::Bus& bus, std::size_t bytes,
                             std::size_t& count, std::size_t most) {
  while (!ended && count < most) {
    auto published =
        co_await bus.publish("bench", "application/octet-stream", std::string(bytes, 'x')).result();
    if (!published.ok()) {
      std::fprintf(stderr, "%s\n", published.error().text().c_str());
      std::exit(1);
    }
    ++count;
  }
}

int publish(char** words) {
  BenchWorld bench;
  bus::Bus bus(bench.world, Log(), {.folder = words[0]},
               [](const std::string&) { return Address(); }, {});
  bench.run(bus.open()).value();
  bool ended = false;
  std::size_t count = 0;
  Scope scope;
  double begun = seconds_of(bench);
  double cpu = cpu_seconds();
  for (int i = std::atoi(words[1]); i > 0; i--) {
    scope.add(publish_until(ended, bus, std::strtoul(words[3], nullptr, 10), count, ~0UL));
  }
  double end = begun + std::atof(words[2]);
  while (seconds_of(bench) < end) bench.reactor.turn(10ms);
  ended = true;
  double took = seconds_of(bench) - begun;
  std::printf("{\"messages\": %zu, \"seconds\": %.3f, \"cpu\": %.6f}\n", count, took,
              cpu_seconds() - cpu);
  return 0;
}

/// How fast `count` grows at the beginning and at the end of its way to `most`: per second, over a
/// tenth of it each.
std::pair<double, double> paces(BenchWorld& bench, const std::size_t& count, std::size_t most) {
  std::vector<double> times;
  std::size_t marks[] = {most / 20, most / 20 * 3, most / 20 * 17, most / 20 * 19, most};
  for (std::size_t mark : marks) {
    while (count < mark) bench.reactor.turn(100ms);
    times.push_back(seconds_of(bench));
  }
  double tenth = static_cast<double>(most) / 10;
  return {tenth / (times[1] - times[0]), tenth / (times[3] - times[2])};
}

int backlog(char** words) {
  std::size_t most = std::strtoul(words[1], nullptr, 10);
  BenchWorld bench;
  std::size_t delivered = 0;
  http::Server server(bench.reactor, [&](http::ServerRequest&) {
    ++delivered;
    return ready(http::ServerResponse::text(""));
  });
  auto listener = bench.network.listen(Address::loopback(0)).value();
  Address there = listener->address();
  server.serve(std::move(listener));
  Address address;  // none until all is published
  bus::Bus bus(bench.world, Log(), {.folder = words[0]},
               [&](const std::string&) { return address; }, {});
  bench.run(bus.open()).value();
  bench.run(bus.set_subscriptions({{"bench", "subscriber", "/"}})).value();
  std::size_t published = 0;
  bool ended = false;
  Scope scope;
  for (int i = 0; i < 64; i++) scope.add(publish_until(ended, bus, 100, published, most));
  auto [publish_first, publish_last] = paces(bench, published, most);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  address = there;
  auto [deliver_first, deliver_last] = paces(bench, delivered, most);
  std::printf(
      "{\"publish_first\": %.0f, \"publish_last\": %.0f, \"deliver_first\": %.0f, "
      "\"deliver_last\": %.0f, \"memory\": %ld}\n",
      publish_first, publish_last, deliver_first, deliver_last, used.ru_maxrss * 1024);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count == 6 && std::strcmp(words[1], "publish") == 0) return publish(words + 2);
  if (count == 4 && std::strcmp(words[1], "backlog") == 0) return backlog(words + 2);
  return 2;
}
