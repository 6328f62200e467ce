#include "observe/line_intake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/simulation.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct LineIntakeTest : testing::Test {
  sim::Simulation simulation{1};
  sim::Host& host = simulation.add_host("here");
  SampleStore store{host.world(), Log(), {.folder = "/samples"}};
  Observer observer{host.world(), store, Log()};
  LineIntake intake{observer, host.clock};
  std::vector<std::string> got;
  std::vector<Event> events;

  void SetUp() override {
    ASSERT_TRUE(simulation.run(store.open()).ok());
    intake.add_sink([this](const ParsedLine& parsed) {
      got.push_back(parsed.record.line);
      events.push_back(event_of(parsed));
    });
  }
  void pipeline(PipelineSpec spec) {
    auto zones = [](const std::string&) -> Result<TimeZone> { return TimeZone(); };
    LineIntake::Pipelines all;
    all.emplace("p", Pipeline::compile(std::move(spec), zones).value());
    intake.set_pipelines(std::move(all));
  }
  void note(std::string_view text, std::string_view parse = "p") {
    LogLine line;
    line.service = "orders";
    line.host = "h1";
    line.text = text;
    line.parse = parse;
    line.time = host.clock.wall();
    intake.note(line);
  }
};

TEST_F(LineIntakeTest, a_line_without_a_pipeline_is_redacted_and_keeps_its_level) {
  note("ERROR password=hunter2 is wrong", "");
  EXPECT_THAT(got, ElementsAre("ERROR password=[token] is wrong"));
  EXPECT_EQ(events[0].state, "error");
  EXPECT_EQ(events[0].host, "h1");
  EXPECT_EQ(intake.counters().redacted, 1U);
}

TEST_F(LineIntakeTest, fields_become_attributes_and_one_called_metric_the_metric) {
  PipelineSpec spec;
  spec.parsers = {"json"};
  pipeline(spec);
  note(R"({"user": 7, "metric": 2.5})");
  note("no json");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].metric, 2.5);
  EXPECT_THAT(events[0].attributes, ElementsAre(testing::Pair("user", "7")));
  EXPECT_THAT(events[1].tags, testing::Contains("_parsefailure"));
  EXPECT_EQ(intake.counters().unparsed, 1U);
}

TEST_F(LineIntakeTest, what_was_sampled_out_is_counted_in_series_and_what_was_dropped_is_not) {
  PipelineSpec spec;
  spec.parsers = {"json"};
  spec.drop = {{"path", "^/health"}};
  spec.sample = {{"path", "^/often", 1000}};
  pipeline(spec);
  note(R"({"path": "/health"})");
  for (int i = 0; i < 5; ++i) note(R"({"path": "/often"})");
  EXPECT_EQ(intake.counters().dropped, 1U);
  EXPECT_EQ(intake.counters().sampled_out + got.size(), 5U);
  EXPECT_EQ(intake.counted().lines(), 5U);
}

}  // namespace
}  // namespace berth::observe
