#include "observe/streams/test_file.h"

#include <algorithm>
#include <map>

#include "base/toml_reader.h"
#include "observe/streams/arguments.h"
#include "observe/streams/event_json.h"
#include "observe/streams/toml_event.h"
#include "observe/streams/virtual_clock.h"

namespace berth::observe::streams {
namespace {

constexpr std::size_t received_max = 100'000;  // at one place of one test
constexpr std::size_t shown_max = 10;          // events that a failure shows

TestStep read_step(TomlReader& reader) {
  TestStep step;
  if (auto time = reader.duration("advance")) {
    if (*time < Duration(0) || *time > Arguments::longest) {
      reader.fail("advance", "must be a length of time of less than ten years");
    } else {
      step.advance = *time;
    }
  }
  if (auto* event = reader.value("event")) {
    step.has_event = true;
    step.event = read_toml_settings(reader, "event", *event);
    if (!event->is_table()) reader.fail("event", "must be a table");
  }
  if (!step.has_event && !reader.has("advance")) reader.require("event");
  return step;
}

TestExpectation read_expectation(TomlReader& reader) {
  TestExpectation out;
  out.written = reader.table().place();
  int places = 0;
  for (auto [key, place] : {std::pair("topic", TestExpectation::Place::topic),
                            {"output", TestExpectation::Place::output},
                            {"index", TestExpectation::Place::index}}) {
    if (auto name = reader.string(key)) {
      out.name = *name;
      out.place = place;
      ++places;
    }
  }
  if (places != 1) reader.fail("topic", "or output or index must be given, and one of them only");
  if (out.place == TestExpectation::Place::index) {
    auto query = Query::parse(out.name);
    if (!query.ok()) reader.fail("index", "is wrong: " + query.error().text());
  }
  out.exactly = reader.boolean("exactly").value_or(true);
  reader.require("events");
  if (const TomlValue* list = reader.value("events")) {
    for (auto& item : list->items()) {
      if (!item.is_table()) reader.fail("events", "must be an array of tables");
      out.events.push_back(read_toml_settings(reader, "events", item));
    }
  }
  return out;
}

/// An event fits when each field that is told has that value; an empty text: it has none.
bool fits(const Settings& expected, const Event& event) {
  return std::ranges::all_of(expected, [&](const Setting& each) {
    Value found = each.field.get(event), wanted = view(each.value);
    if (each.field.kind() == Field::Kind::attribute && !is_nothing(found)) {
      return std::get<std::string_view>(found) == text_of(each.value);
    }
    auto* a = std::get_if<double>(&found);
    auto* b = std::get_if<double>(&wanted);
    if (a && b) return std::abs(*a - *b) <= 1e-9 * std::max({1.0, std::abs(*a), std::abs(*b)});
    return equal(found, wanted);
  });
}

std::string written(const Settings& settings) {
  std::string out = "{";
  for (auto& each : settings) {
    out += (out.size() > 1 ? ", " : "") + each.field.name() + " = " + text_of(each.value);
  }
  return out + "}";
}

/// What is wrong with what has come; empty: nothing.
std::string mismatch(const TestExpectation& expected, const std::vector<Event>& received) {
  std::vector<bool> used(received.size(), false);
  std::size_t from = 0;
  bool ordered = expected.place != TestExpectation::Place::index;
  for (auto& wanted : expected.events) {
    std::size_t at = ordered ? from : 0;
    while (at < received.size() && (used[at] || !fits(wanted, received[at]))) {
      if (ordered && expected.exactly)
        return "expected " + written(wanted) + " as event " + std::to_string(at + 1) + ", found " +
               event_json(received[at]);
      ++at;
    }
    if (at == received.size()) return "expected " + written(wanted) + ", which did not come";
    used[at] = true;
    from = at + 1;
  }
  if (!expected.exactly) return "";
  auto extra = std::ranges::find(used, false) - used.begin();
  if (extra == static_cast<std::ptrdiff_t>(received.size())) return "";
  return "did not expect " + event_json(received[static_cast<std::size_t>(extra)]);
}

std::string place_text(const TestExpectation& expected) {
  switch (expected.place) {
    case TestExpectation::Place::topic:
      return "topic " + expected.name;
    case TestExpectation::Place::output:
      return "output " + expected.name;
    default:
      return "index " + expected.name;
  }
}

/// A core on virtual time that keeps what came out where a test looks.
class Trial {
 public:
  Trial(const StreamsTest& test, const StreamLimits& limits) : core_(clock_, Log(), limits) {
    for (auto& each : test.expectations) {
      auto& kept = received_[{each.place, each.name}];
      if (each.place == TestExpectation::Place::topic) {
        listening_.push_back(core_.pubsub().subscribe(
            each.name, [&kept](const Event& event) { keep_event(kept, event); }));
      } else if (each.place == TestExpectation::Place::output) {
        core_.set_output(each.name, [&kept](const Event& event) -> Result<void> {
          keep_event(kept, event);
          return {};
        });
      }
    }
    // One place may be looked at by several expectations; it is listened to once.
    std::set<std::string> topics;
    for (std::size_t i = 0, at = 0; i < test.expectations.size(); ++i) {
      if (test.expectations[i].place != TestExpectation::Place::topic) continue;
      if (!topics.insert(test.expectations[i].name).second) listening_[at].end();
      ++at;
    }
  }

  std::vector<std::string> run(const StreamsTest& test, const StreamsFile& streams) {
    auto installed = core_.install(streams.streams);
    if (!installed.ok()) return {installed.error().text()};
    core_.start();
    for (auto& step : test.steps) {
      clock_.advance(step.advance);
      if (!step.has_event) continue;
      Event event;
      clear(event);
      for (auto& each : step.event) each.field.set(event, each.value);
      core_.inject(event);
    }
    std::vector<std::string> problems;
    for (auto& each : test.expectations) judge(each, problems);
    if (core_.counters().failed != test.failures) {
      problems.push_back("streams could not handle " + std::to_string(core_.counters().failed) +
                         " events; " + std::to_string(test.failures) + " were expected");
    }
    return problems;
  }

 private:
  static void keep_event(std::vector<Event>& kept, const Event& event) {
    if (kept.size() < received_max) kept.push_back(event);
  }

  void judge(const TestExpectation& expected, std::vector<std::string>& problems) {
    auto& received = received_[{expected.place, expected.name}];
    if (expected.place == TestExpectation::Place::index) {
      auto query = Query::parse(expected.name);
      received.clear();
      core_.index().search(*query, received_max,
                           [&](const Event& event) { received.push_back(event); });
    }
    std::string wrong = mismatch(expected, received);
    if (wrong.empty()) return;
    problems.push_back(expected.written.text() + ": " + place_text(expected) + ": " + wrong);
    for (std::size_t i = 0; i < std::min(received.size(), shown_max); ++i) {
      problems.push_back("  event " + std::to_string(i + 1) + ": " + event_json(received[i]));
    }
    if (received.size() > shown_max) {
      problems.push_back("  and " + std::to_string(received.size() - shown_max) + " more");
    }
  }

  VirtualClock clock_;
  StreamCore core_;
  std::map<std::pair<TestExpectation::Place, std::string>, std::vector<Event>> received_;
  std::vector<PubSub::Subscription> listening_;
};

}  // namespace

Result<StreamsTestFile> read_streams_test_file(std::string_view text, const std::string& name) {
  TomlValue file = TRY(TomlValue::parse(text, name));
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  StreamsTestFile out;
  reader.require("streams");
  out.streams = reader.string("streams").value_or("");
  reader.require("test");
  reader.each_table("test", [&](TomlReader& each) {
    StreamsTest test;
    each.require("name");
    test.name = each.string("name").value_or("");
    each.require("steps");
    each.each_table("steps", [&](TomlReader& step) { test.steps.push_back(read_step(step)); });
    each.require("expect");
    each.each_table("expect", [&](TomlReader& expected) {
      test.expectations.push_back(read_expectation(expected));
    });
    test.failures = static_cast<std::uint64_t>(each.integer("failures", 0).value_or(0));
    out.tests.push_back(std::move(test));
  });
  reader.finish();
  TRY(errors.result());
  return out;
}

std::vector<std::string> run_streams_test(const StreamsTest& test, const StreamsFile& streams) {
  return Trial(test, streams.limits).run(test, streams);
}

}  // namespace berth::observe::streams
