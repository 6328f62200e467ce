#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/strings.h"
#include "base/units.h"
#include "observe/streams/core.h"
#include "observe/streams/streams.h"
#include "observe/streams/virtual_clock.h"

// What the tests of streams are written with, after riemann test.clj: events as short texts
// ("service=api metric=1 time=2 ttl=3 tags=a,b x=y", times and ttls in seconds), run_stream and
// run_stream_intervals on virtual time.

namespace berth::observe::streams {

inline Event e(std::string_view text) {
  Event event;
  clear(event);
  for (auto word : berth::split(text, ' ')) {
    if (word.empty()) continue;
    auto [name, value] = split_once(word, '=').value();
    Field field(name);
    FieldValue given = std::string(value);
    if (field.kind() == Field::Kind::tags) {
      std::vector<std::string> tags;
      for (auto tag : berth::split(value, ',')) {
        if (!tag.empty()) tags.emplace_back(tag);
      }
      given = tags;
    } else if (!field.is_text()) {
      given = std::stod(std::string(value));
    }
    field.set(event, given);
  }
  return event;
}

/// What e() reads, in the order of the fields; numbers to nine digits.
inline std::string text(const Event& event) {
  std::string out;
  auto add = [&](const Field& field) {
    Value value = field.get(event);
    if (is_nothing(value)) return;
    out += (out.empty() ? "" : " ") + field.name() + "=";
    if (auto* number = std::get_if<double>(&value)) out += fmt::format("{:.9g}", *number);
    if (auto* word = std::get_if<std::string_view>(&value)) out += *word;
    if (auto* tags = std::get_if<3>(&value)) out += fmt::format("{}", fmt::join(**tags, ","));
  };
  for (auto* name : {"host", "service", "state", "description", "metric", "time", "ttl", "tags"}) {
    add(name);
  }
  for (auto& [key, value] : event.attributes) add(key);
  return out;
}

using Texts = std::vector<std::string>;
using Vectors = std::vector<Texts>;

inline Texts events(const Texts& written) {
  Texts out;
  for (auto& each : written) out.push_back(text(e(each)));
  return out;
}
inline Vectors vectors(const Vectors& written) {
  Vectors out;
  for (auto& each : written) {
    out.emplace_back();
    for (auto& event : each) out.back().push_back(event == "nil" ? "nil" : text(e(event)));
  }
  return out;
}

/// An event, or how long to wait.
struct Step {
  Step(const char* event) : event(e(event)) {}
  Step(const std::string& event) : event(e(event)) {}
  Step(Event event) : event(std::move(event)) {}
  template <class R, class P>
  Step(std::chrono::duration<R, P> wait) : wait(wait) {}
  std::optional<Event> event;
  Duration wait{};
};
using Steps = std::vector<Step>;

/// One tree of streams on virtual time, and what came out of it.
class Bench {
 public:
  explicit Bench(StreamLimits limits = {}) : core(clock, Log(), std::move(limits)) {}

  /// Makes the tree, around the end that collects.
  void build(const std::function<Spec(Spec)>& make) {
    Spec spec = make(out());
    branch = Branch::make(core, {spec}, nullptr);
    auto good = check_shapes(*spec);
    ASSERT_TRUE(good.ok()) << good.error().text();
  }
  Spec out() {
    return call_all("out", [this](Batch batch) {
      vectors.emplace_back();
      for (auto* event : batch) vectors.back().push_back(event ? text(*event) : "nil");
    });
  }
  Spec into(Texts& texts) {
    return call("into", [&texts](const Event& event) { texts.push_back(text(event)); });
  }
  void take(const Event& event) {
    core.begin_turn();
    branch->take(event);
  }
  void take(std::string_view written) { take(e(written)); }
  void run(const Steps& steps) {
    for (auto& step : steps) step.event ? take(*step.event) : clock.advance(step.wait);
  }
  Texts flat() const {
    Texts all;
    for (auto& each : vectors) all.insert(all.end(), each.begin(), each.end());
    return all;
  }

  VirtualClock clock;
  StreamCore core;
  std::unique_ptr<Branch> branch;
  Vectors vectors;
};

using Make = std::function<Spec(Spec)>;

/// run-stream: the clock goes to each event's time first.
inline Bench& run_stream(Bench& bench, const Make& make, const Texts& inputs) {
  bench.build(make);
  for (auto& each : inputs) {
    Event event = e(each);
    if (has_time(event)) bench.clock.advance_to(event.time);
    bench.take(event);
  }
  return bench;
}
inline Texts run_stream(const Make& make, const Texts& inputs) {
  Bench bench;
  return run_stream(bench, make, inputs).flat();
}
inline Vectors run_vectors(const Make& make, const Texts& inputs) {
  Bench bench;
  return run_stream(bench, make, inputs).vectors;
}
inline Texts run_intervals(const Make& make, const Steps& steps) {
  Bench bench;
  bench.build(make);
  bench.run(steps);
  return bench.flat();
}
inline Vectors run_vector_intervals(const Make& make, const Steps& steps) {
  Bench bench;
  bench.build(make);
  bench.run(steps);
  return bench.vectors;
}
/// The metrics of what came out, "" where there was none.
inline Texts metrics(const Texts& texts) {
  Texts out;
  for (auto& each : texts) {
    auto metric = e(each).metric;
    out.push_back(metric ? fmt::format("{:.9g}", *metric) : "");
  }
  return out;
}
inline Texts field_of(const Texts& texts, const char* name) {
  Texts out;
  for (auto& each : texts) {
    Event event = e(each);
    Value value = Field(name).get(event);
    auto* word = std::get_if<std::string_view>(&value);
    out.emplace_back(word ? *word : "");
  }
  return out;
}

inline Predicate query(std::string_view text) {
  auto read = Query::parse(text);
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().text());
  return read.ok() ? Predicate(std::move(*read)) : is_expired();
}

}  // namespace berth::observe::streams
