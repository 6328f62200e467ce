// Riemann events over TCP into streams.
//   observe_streams serve PORT               index and ten streams behind Riemann's protocol
//   observe_streams load PORT SECONDS EVENTS CONNECTIONS    messages of so many events each,
//   sixteen
//       under way on each connection, each acknowledged; prints how many events were
//   observe_streams inside                   the parts alone, CPU nanoseconds an event each:
//       NAME NANOSECONDS ALLOCATIONS
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "async/gather.h"
#include "measure.h"
#include "observe/streams/core.h"
#include "observe/streams/riemann_message.h"
#include "observe/streams/riemann_server.h"
#include "observe/streams/streams_file.h"
#include "observe/streams/virtual_clock.h"
#include "os/react.h"

namespace {

using namespace berth;
using namespace berth::observe;
namespace st = berth::observe::streams;

constexpr std::string_view ten_streams = R"(
[[stream]]
name = "index"
[[stream]]
name = "rate by service"
where = 'service =~ "api %"'
by = ["service"]
compute = "rate 5s"
set = { service = "%{service} rate" }
[[stream]]
name = "slow"
where = 'metric > 0.9 and not tagged "test"'
compute = "throttle 10 1s"
to = ["publish slow"]
[[stream]]
name = "changes of state"
compute = "changed_state"
to = ["publish states"]
[[stream]]
name = "percentiles"
where = 'service = "api 3"'
compute = "percentiles 10s 0.5 0.95 0.99"
[[stream]]
name = "smooth"
where = 'service = "api 4"'
by = ["host"]
compute = "ewma 30s"
to = ["publish smooth"]
[[stream]]
name = "high"
compute = "over 10"
to = ["publish high"]
[[stream]]
name = "tagged"
where = 'tagged "shop" and host ~= "^web1.*7$"'
compute = ["tag seen", "scale 1000"]
to = ["publish tagged"]
[[stream]]
name = "expired"
compute = "expired"
to = ["publish gone"]
[[stream]]
name = "means"
where = 'service = "api 5"'
compute = ["moving_event_window 10", "mean"]
to = ["publish means"]
[[stream]]
name = "alert"
where = 'service = "api 6"'
alert = { critical = "metric > 5", warning = "metric > 3", for = "10s" }
to = ["bit_bucket"]
)";

st::StreamsFile the_file() { return st::read_streams_file(ten_streams, "bench").value(); }

/// Messages as a fleet of 500 hosts sends them: ten services each, no two events alike.
std::vector<std::string> messages(std::size_t count, std::size_t events) {
  std::vector<std::string> out;
  std::size_t n = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Event> all(events);
    std::vector<const Event*> views;
    for (auto& event : all) {
      ++n;
      event.host = fmt::format("web{}.shop.example", n % 500);
      event.service = fmt::format("api {}", n / 500 % 10);
      event.state = n % 1009 == 0 ? "warning" : "ok";
      event.metric = static_cast<double>(n * 7919 % 1000) / 1001;
      event.time = {1'700'000'000'000'000'000};
      event.ttl = 60s;
      event.tags = {"shop"};
      views.push_back(&event);
    }
    out.emplace_back();
    st::append_riemann_message(out.back(), views);
  }
  return out;
}

Deferred<void> serve(World& world, std::uint16_t port) {
  st::StreamCore core(world.clock, Log());
  co_await or_return(core.install(the_file().streams));
  core.start();
  st::RiemannServer server(core, Log());
  server.serve(co_await or_return(world.network.listen(Address::loopback(port))));
  Promise<void> never;
  co_await never.deferred();
}

/// One connection's load until `end`; how many messages were acknowledged.
Deferred<std::size_t> converse(World& world, std::uint16_t port, MonotonicTime end,
                               const std::vector<std::string>& all) {
  constexpr std::size_t under_way = 16, answer_bytes = 6;
  auto stream = co_await world.network.connect(Address::loopback(port));
  std::size_t sent = 0, acknowledged = 0, bytes = 0;
  while (world.clock.exact_now() < end || acknowledged < sent) {
    if (world.clock.exact_now() < end) {
      std::string burst;
      for (; sent < acknowledged + under_way; ++sent) burst += all[sent % all.size()];
      if (!burst.empty()) co_await stream->write(Bytes::copy(burst));
    }
    Bytes answers = co_await stream->read();
    if (answers.empty()) co_return Error(Code::reset, "the server has gone");
    bytes += answers.size();
    acknowledged = bytes / answer_bytes;
  }
  co_return acknowledged;
}

Deferred<int> load(World& world, std::vector<std::string> words) {
  auto number = [&](std::size_t at) { return std::strtoul(words[at].c_str(), nullptr, 10); };
  std::size_t events = number(2);
  auto all = messages(std::max<std::size_t>(100, 100'000 / events), events);
  auto end = world.clock.now() + std::chrono::seconds(number(1));
  std::vector<Deferred<std::size_t>> works;
  for (std::size_t i = 0; i < number(3); ++i) {
    works.push_back(converse(world, static_cast<std::uint16_t>(number(0)), end, all));
  }
  std::size_t sum = 0;
  for (std::size_t each : co_await gather_results(std::move(works))) sum += each;
  std::printf("%zu\n", sum * events);
  co_return 0;
}

int inside() {
  auto all = messages(100, 100);
  st::VirtualClock clock;
  clock.advance_to({1'700'000'000'000'000'000});
  st::RiemannMessage message;
  auto each = [&](auto take) {
    Rounds rounds;
    for (int round = 0; round < 15; ++round) {
      rounds.add_batch(all.size() * 100, [&] {
        for (auto& bytes : all) {
          if (!message.read(std::string_view(bytes).substr(4), clock.wall()).ok()) std::exit(1);
          take();
        }
      });
    }
    return rounds;
  };
  auto print = [](const char* name, const Rounds& rounds) {
    std::printf("%s %.1f %.3f\n", name, rounds.nanoseconds(), rounds.allocations());
  };
  print("decode", each([] {}));
  auto file = the_file();
  for (std::size_t i = 0; i <= file.streams.size(); ++i) {
    st::StreamCore core(clock, Log());
    auto streams =
        i == file.streams.size() ? file.streams : std::vector<st::NamedSpec>{file.streams[i]};
    if (!core.install(streams).ok()) return 1;
    std::string name = i == file.streams.size() ? "all" : file.streams[i].name;
    std::ranges::replace(name, ' ', '_');
    print(("decode+" + name).c_str(), each([&] { core.inject_all(message.events()); }));
  }
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::string> all(words + 1, words + count);
  if (all.size() == 1 && all[0] == "inside") return inside();
  if (all.size() == 2 && all[0] == "serve") {
    auto port = static_cast<std::uint16_t>(std::strtoul(words[2], nullptr, 10));
    return os::react([=](World& world) { return serve(world, port); });
  }
  if (all.size() == 5 && all[0] == "load") {
    all.erase(all.begin());
    return os::react([&](World& world) { return load(world, all); });
  }
  std::fprintf(
      stderr,
      "usage: observe_streams serve PORT | load PORT SECONDS EVENTS CONNECTIONS | inside\n");
  return 2;
}
