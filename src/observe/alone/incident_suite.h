#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "observe/alerts/alert_file.h"
#include "observe/alerts/alerts.h"
#include "observe/alerts/default_alerts.h"
#include "observe/all_series.h"
#include "observe/observer.h"
#include "observe/samples/sample_store.h"
#include "sim/simulation.h"

namespace berth::observe {

/// A shop of twelve services on virtual time, with the load of a day and one incident, by seed:
/// each request goes through the services as their calls say, and each of these is noted as the
/// proxy's record of it would be. Alerts are the defaults; what an output is told is kept.
class IncidentWorld {
 public:
  static constexpr Duration patience = 3s;  // of callers

  /// Of a service: where it is between the two times, it takes `slow` and more for each request.
  struct Incident {
    std::string service = "db";
    std::int64_t from = 0;  // seconds since the begin
    std::int64_t to = 0;
    Duration slow = 1200ms;
    Duration slowest = 4500ms;
  };

  /// `every`: rules are evaluated no more often. `day`: the length of one, in seconds.
  IncidentWorld(std::uint64_t seed, Incident incident, Duration every = 1s,
                std::int64_t day = 86'400)
      : simulation_(seed), incident_(std::move(incident)), every_(every), day_(day) {
    store_ = std::make_unique<SampleStore>(host_.world(), Log(),
                                           SampleStoreOptions{.folder = "/samples"});
    EXPECT_TRUE(simulation_.run(store_->open()).ok());
    observer_ = std::make_unique<Observer>(host_.world(), *store_, Log());
    observer_->start();
    series_ = std::make_unique<AllSeries>(*store_);
    open_alerts();
    // Noise that is no incident: a minute in which a few requests of one service fail.
    auto& random = simulation_.random();
    for (int i = 0; i < 4; ++i) {
      noise_[static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(day_)))] =
          random.below(services.size());
    }
    burst_ = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(day_)));
  }
  ~IncidentWorld() { EXPECT_TRUE(simulation_.run(alerts_->close()).ok()); }

  /// Seconds since the begin, which is midnight.
  void run_to(std::int64_t second) {
    for (; second_ < second; ++second_) {
      note_ended();
      for (int n = requests_now(); n > 0; --n) {
        auto begun = Duration(static_cast<std::int64_t>(simulation_.random().below(999'000'000)));
        call(simulation_.random().chance(0.65) ? 0 : pictures, "gateway", begun);
      }
      simulation_.run_for(1s);
    }
  }
  Alerts& alerts() { return *alerts_; }
  std::uint64_t requests() const { return requests_; }

  struct Told {
    std::int64_t second;
    std::string state;
    std::string text;
  };
  std::vector<Told> told;

 private:
  struct Service {
    std::string name;
    double milliseconds;
    std::vector<std::size_t> calls;
  };
  const std::vector<Service> services{
      {"web", 6, {1, 2, 3}},       {"products", 3, {8, 9}}, {"recommendations", 8, {1}},
      {"orders", 9, {4, 5, 6, 8}}, {"users", 2, {8}},       {"payments", 40, {7}},
      {"stock", 4, {8}},           {"bank", 60, {}},        {"db", 1.5, {}},
      {"pictures", 5, {10}},       {"files", 2, {}},        {"mail", 12, {}}};
  static constexpr std::size_t pictures = 9;
  struct Ended {
    std::size_t service;
    std::string caller;
    Duration took;
    int status;
  };

  void open_alerts() {
    TomlValue file =
        TomlValue::parse("[alerts]\nto = [\"chat\"]\ngroup_interval = \"1m\"\n", "o").value();
    TomlErrors errors;
    TomlReader reader(file, "", errors);
    AlertsFile read = read_alerts(reader, {"chat"}, default_alerts);
    ASSERT_FALSE(errors.any());
    AlertsOptions options;
    options.folder = "/alerts";
    options.calls = read.calls;
    AlertOutputs outputs;
    outputs.accept = [this](const std::string&, const Event& event) -> Result<void> {
      told.push_back({second_, event.state, event.description});
      return {};
    };
    outputs.commit = []() -> Deferred<void> { co_return; };
    alerts_ = std::make_unique<Alerts>(host_.world(), Log(), series_.get(), outputs, options);
    for (auto& rule : read.rules) rule.every = std::max(rule.every, every_);
    ASSERT_TRUE(simulation_.run(alerts_->open(std::move(read.rules))).ok());
  }

  /// More by day than by night, and a burst of ten minutes.
  int requests_now() {
    double hour = 24 * static_cast<double>(second_ % day_) / static_cast<double>(day_);
    double load = 0.35 + 0.4 * std::max(0.0, std::sin((hour - 6) / 24 * 2 * 3.14159265));
    if (second_ >= burst_ && second_ < burst_ + 600) load *= 4;
    int count = 0;
    for (auto& random = simulation_.random(); load > 0; load -= 1) count += random.chance(load);
    return count;
  }

  struct Outcome {
    Duration took;
    bool failed;
  };
  Outcome call(std::size_t index, const std::string& caller, Duration begun) {
    auto& random = simulation_.random();
    auto& service = services[index];
    double spread = 0.6 + random.unit() + (random.chance(0.02) ? 6 : 0);
    Outcome out{Duration(static_cast<std::int64_t>(service.milliseconds * spread * 1e6)), false};
    bool ill = service.name == incident_.service && second_ >= incident_.from &&
               second_ < incident_.to && random.chance(0.9);
    if (ill) {
      auto more = static_cast<std::uint64_t>((incident_.slowest - incident_.slow).count());
      out.took = incident_.slow + Duration(static_cast<std::int64_t>(random.below(more)));
    }
    auto noise = noise_.upper_bound(second_);
    bool noisy = noise != noise_.begin() && std::prev(noise)->first > second_ - 60 &&
                 std::prev(noise)->second == index;
    out.failed = random.chance(noisy ? 0.006 : 0.0005);
    for (std::size_t each : service.calls) {
      if (out.failed) break;
      Outcome of = call(each, service.name, begun + out.took);
      out.took += of.took;
      out.failed |= of.failed;
    }
    bool late = out.took > patience;
    int status = late ? 504 : out.failed ? 500 : 200;
    if (late) out = {patience, true};
    std::int64_t ended = second_ + (begun + out.took) / 1s;
    ended_[ended].push_back({index, caller, out.took, status});
    return out;
  }

  void note_ended() {
    for (auto it = ended_.begin(); it != ended_.end() && it->first <= second_;) {
      for (auto& each : it->second) {
        RequestSeen seen;
        seen.service = services[each.service].name;
        seen.caller = each.caller;
        seen.target = "/";
        seen.status = each.status;
        seen.took = each.took;
        observer_->note(seen);
        ++requests_;
      }
      it = ended_.erase(it);
    }
  }

  sim::Simulation simulation_;
  sim::Host& host_ = simulation_.add_host("here");
  Incident incident_;
  Duration every_;
  std::int64_t day_;
  std::unique_ptr<SampleStore> store_;
  std::unique_ptr<Observer> observer_;
  std::unique_ptr<AllSeries> series_;
  std::unique_ptr<Alerts> alerts_;
  std::map<std::int64_t, std::vector<Ended>> ended_;
  std::map<std::int64_t, std::size_t> noise_;  // by its begin
  std::int64_t burst_ = 0;
  std::int64_t second_ = 0;
  std::uint64_t requests_ = 0;
};

}  // namespace berth::observe
