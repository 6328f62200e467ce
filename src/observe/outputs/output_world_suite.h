#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "observe/outputs/outputs.h"
#include "observe/outputs/peers_suite.h"

namespace berth::observe {

/// A type of output, by its peer.
struct Kind {
  const char* name;
  std::function<std::unique_ptr<Peer>(sim::Host&)> make;
};

template <class T>
Kind kind(const char* name) {
  return {name, [](sim::Host& host) -> std::unique_ptr<Peer> {
            if constexpr (std::is_constructible_v<T, sim::Host&>) {
              return std::make_unique<T>(host);
            } else {
              return std::make_unique<T>();
            }
          }};
}

/// The system's roots take a while to be read.
inline const tls::ClientContext& trusted() {
  static const tls::ClientContext context = tls::ClientContext::make().value();
  return context;
}

/// Two hosts: ours, and the peer's.
struct OutputWorld {
  explicit OutputWorld(const Kind& kind, std::uint64_t seed = 1) : simulation(seed), kind(kind) {
    peer = kind.make(there);
  }

  void serve(std::optional<std::size_t> cut_after = std::nullopt) {
    auto listener = there.network.listen(there.address(80)).value();
    peer->serve(std::make_unique<CuttingListener>(std::move(listener), cut_after));
  }
  void open(const std::string& more = "") {
    std::string text = "[[output]]\nname = \"out\"\n" + peer->toml() + more;
    TomlValue file = TomlValue::parse(text, "observe.toml").value();
    TomlErrors errors;
    TomlReader reader(file, "", errors);
    auto plans = read_outputs(reader, "/etc");
    reader.finish();
    ASSERT_FALSE(errors.any()) << errors.lines().front();
    outputs = std::make_unique<Outputs>(here.world(), Log(), "/state/outputs", authorities);
    auto opened = simulation.run(outputs->open(std::move(plans)));
    ASSERT_TRUE(opened.ok()) << opened.error().text();
  }
  OutputQueue& queue() { return *outputs->find("out"); }
  Event event(int number, std::vector<std::string> tags = {}) {
    Event out;
    out.service = "s" + std::to_string(number);
    out.host = "h";
    out.metric = number;
    out.time = here.clock.wall() + number * 1ms;
    out.tags = std::move(tags);
    return out;
  }
  /// Events from `next` on.
  void accept(int count, std::vector<std::string> tags = {}) {
    for (int i = 0; i < count; ++i) {
      Event made = event(next, tags);
      sent.push_back(made.service + " " + std::to_string(next));
      ++next;
      EXPECT_TRUE(queue().accept(made).ok());
    }
  }
  bool drained(Duration limit = 1h) {
    return simulation.run_until([&] { return queue().waiting() == 0; }, limit);
  }
  /// What arrived, each at its first arrival.
  std::vector<std::string> arrived() const {
    std::vector<std::string> out;
    std::set<std::string> seen;
    for (auto& each : peer->received) {
      if (seen.insert(each).second) out.push_back(each);
    }
    return out;
  }
  /// As kill -9: nothing is said to anybody.
  void kill() { outputs.reset(); }

  sim::Simulation simulation;
  const Kind& kind;
  tls::ClientContext authorities = trusted();
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  std::unique_ptr<Peer> peer;
  std::unique_ptr<Outputs> outputs;
  std::vector<std::string> sent;
  int next = 1;
};

}  // namespace berth::observe
