#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "observe/alerts/alert_file.h"
#include "observe/alerts/alerts.h"
#include "observe/promql/parser.h"
#include "sim/simulation.h"

namespace berth::observe {

/// Series whose values a test sets; a sample of each at every moment that is asked for.
class SetSeries final : public SeriesSource {
 public:
  Deferred<std::vector<promql::SampleSeries>> select(promql::Selection selection,
                                                     std::size_t) override {
    std::vector<promql::SampleSeries> out;
    if (fails) co_return Error(Code::io, "the disk is broken");
    for (auto& [text, value] : values) {
      std::vector<promql::Label> labels;
      auto matchers = promql::parse_selector(text).value();
      for (auto& matcher : matchers) labels.push_back({matcher.name(), matcher.value()});
      promql::Labels set(std::move(labels));
      if (selection.accepts(set)) out.push_back({set, {{selection.to, value}}});
    }
    co_return out;
  }
  Deferred<std::vector<promql::Labels>> label_sets(promql::Selection) override {
    co_return std::vector<promql::Labels>();
  }
  std::vector<MetricAbout> about() const override { return {}; }

  std::map<std::string, double> values;  // by selector: up{job="api"}
  bool fails = false;
};

/// Alerts of a file on a simulated host, and what outputs were given.
struct AlertWorld {
  explicit AlertWorld(std::string text, std::uint64_t seed = 1)
      : simulation(seed), text(std::move(text)) {
    open();
  }

  void open() {
    TomlValue file = TomlValue::parse(text, "observe.toml").value();
    TomlErrors errors;
    TomlReader reader(file, "", errors);
    AlertsFile read = read_alerts(reader, {"chat", "mail", "librato"});
    reader.finish();
    ASSERT_FALSE(errors.any()) << errors.lines().front();
    AlertsOptions options;
    options.folder = "/state/alerts";
    options.annotations_to = read.annotations_to;
    options.calls = read.calls;
    AlertOutputs outputs;
    outputs.accept = [this](const std::string& name, const Event& event) -> Result<void> {
      if (refuses) return Error(Code::overloaded, "full");
      accepted.emplace_back(name, event);
      return {};
    };
    outputs.commit = [this]() -> Deferred<void> {
      co_await host.clock.after(1ms);
      while (!accepted.empty()) {
        told.push_back(accepted.front());
        accepted.erase(accepted.begin());
      }
    };
    alerts = std::make_unique<Alerts>(host.world(), Log(), &series, outputs, options);
    auto opened = simulation.run(alerts->open(std::move(read.rules)));
    ASSERT_TRUE(opened.ok()) << opened.error().text();
  }
  void kill() {
    alerts.reset();
    accepted.clear();  // what the outputs had not on disk
  }
  void run(Duration time) { simulation.run_for(time); }
  /// "chat critical api is slow: firing: ...": what was told since the last call.
  std::vector<std::string> said() {
    std::vector<std::string> out;
    for (auto& [name, event] : told) {
      out.push_back(name + " " + event.state + ": " + event.description);
    }
    told.clear();
    return out;
  }
  void event(const std::string& service, double metric, const std::string& host_name = "h",
             Duration ttl = 1h) {
    Event made;
    made.service = service;
    made.host = host_name;
    made.metric = metric;
    made.ttl = ttl;
    made.time = host.clock.wall();
    alerts->note(made);
  }

  sim::Simulation simulation;
  std::string text;
  sim::Host& host = simulation.add_host("here");
  SetSeries series;
  std::vector<std::pair<std::string, Event>> accepted;
  std::vector<std::pair<std::string, Event>> told;
  bool refuses = false;
  std::unique_ptr<Alerts> alerts;
};

}  // namespace berth::observe
