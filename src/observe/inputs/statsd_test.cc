#include "observe/inputs/input_suite.h"
#include "observe/inputs/statsd_table.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string wrong(std::string_view text) {
  StatsdLine line;
  auto read = read_statsd(text, line);
  return read.ok() ? "" : std::string(read.error().message());
}

TEST(StatsdLine, reads_types_rates_values_and_tags) {
  StatsdLine line;
  ASSERT_TRUE(read_statsd("page.views:3|c|@0.1|#env:prod,fast", line).ok());
  EXPECT_EQ(line.name, "page.views");
  EXPECT_EQ(line.rate, 0.1);
  EXPECT_THAT(line.tags, ElementsAre(promql::Label{"env", "prod"}, promql::Label{"fast", "true"}));
  ASSERT_TRUE(read_statsd("t:1:2.5:3|ms|c:container-id|T1700000000", line).ok());
  EXPECT_THAT(line.values, ElementsAre(1, 2.5, 3));
  EXPECT_EQ(line.kind, StatsdLine::Kind::timer);
  ASSERT_TRUE(read_statsd("g:-4|g", line).ok());
  EXPECT_TRUE(line.change);
  ASSERT_TRUE(read_statsd("users:a:b|s", line).ok());
  EXPECT_THAT(line.words, ElementsAre("a", "b"));
}

TEST(StatsdLine, refuses_what_is_none) {
  EXPECT_THAT(wrong("a"), HasSubstr("NAME:VALUE|TYPE"));
  EXPECT_THAT(wrong("a:1"), HasSubstr("NAME:VALUE|TYPE"));
  EXPECT_THAT(wrong(":1|c"), HasSubstr("NAME:VALUE|TYPE"));
  EXPECT_THAT(wrong("a:1|x"), HasSubstr("type"));
  EXPECT_THAT(wrong("a:x|c"), HasSubstr("no number"));
  EXPECT_THAT(wrong("a:1|c|@0"), HasSubstr("sample rate"));
  EXPECT_THAT(wrong("a:1|c|@2"), HasSubstr("sample rate"));
  EXPECT_THAT(wrong("_e{5,4}:title|text"), HasSubstr("not taken"));
}

struct StatsdTest : InputSuite {
  void SetUp() override {
    InputSuite::SetUp();
    spec.every = 10s;
    make("statsd", 8125, Place::How::udp);
  }
};

TEST_F(StatsdTest, counters_grow_gauges_change_and_sets_count) {
  send_datagram(8125,
                "hits:2|c|@0.5\nhits:1|c\nlevel:10|g\nlevel:-3|g\nlevel:+1|g\n"
                "who:ann|s\nwho:bob|s\nwho:ann|s");
  simulation.run_for(10s);
  EXPECT_THAT(taken(),
              ElementsAre("{__name__=\"hits_total\"} = 5.000000", "{__name__=\"level\"} = 8.000000",
                          "{__name__=\"who\"} = 2.000000"));
  send_datagram(8125, "hits:1|c");
  simulation.run_for(10s);
  EXPECT_THAT(taken(), ElementsAre("{__name__=\"hits_total\"} = 5.000000 6.000000",
                                   "{__name__=\"level\"} = 8.000000 8.000000",
                                   "{__name__=\"who\"} = 2.000000 0.000000"));
}

TEST_F(StatsdTest, distributions_give_quantiles_of_the_interval_and_a_sum_by_their_rate) {
  std::string all = "t:";
  for (int i = 1; i <= 100; ++i) all += std::to_string(i) + (i < 100 ? ":" : "|ms|@0.5|#h:a");
  send_datagram(8125, all);
  simulation.run_for(10s);
  EXPECT_THAT(taken(), ElementsAre("{__name__=\"t\", h=\"a\", quantile=\"0\"} = 1.000000",
                                   "{__name__=\"t\", h=\"a\", quantile=\"0.5\"} = 50.000000",
                                   "{__name__=\"t\", h=\"a\", quantile=\"0.9\"} = 90.000000",
                                   "{__name__=\"t\", h=\"a\", quantile=\"0.99\"} = 99.000000",
                                   "{__name__=\"t\", h=\"a\", quantile=\"1\"} = 100.000000",
                                   "{__name__=\"t_count\", h=\"a\"} = 200.000000",
                                   "{__name__=\"t_sum\", h=\"a\"} = 10100.000000"));
}

TEST_F(StatsdTest, an_end_flushes_and_what_is_idle_is_forgotten) {
  send_datagram(8125, "hits:1|c\nbad\n_sc|x|0");
  EXPECT_TRUE(simulation.run(input->close()).ok());
  EXPECT_THAT(taken(), ElementsAre("{__name__=\"hits_total\"} = 1.000000"));
  EXPECT_EQ(input->counters().lost["no_metric"], 1U);
  EXPECT_EQ(input->counters().lost["event_or_check"], 1U);
}

TEST(StatsdTable, has_a_limit_on_metrics_values_and_time) {
  sim::Simulation simulation{1};
  auto& host = simulation.add_host("h");
  StatsdTable table(host.random, {.metrics_max = 2, .values_max = 100, .idle = 60s});
  StatsdLine line;
  auto add = [&](std::string_view text) {
    return read_statsd(text, line).ok() && table.add(line, host.clock.now());
  };
  EXPECT_TRUE(add("a:1|c"));
  std::string many = "b:";
  for (int i = 0; i < 5000; ++i) many += std::to_string(i) + (i < 4999 ? ":" : "|h");
  EXPECT_TRUE(add(many));
  EXPECT_FALSE(add("c:1|c"));
  std::map<std::string, double> given;
  table.flush(host.clock.now(), [&](auto& labels, double value) { given[labels.text()] = value; });
  EXPECT_EQ(given["{__name__=\"b_count\"}"], 5000);
  EXPECT_NEAR(given["{__name__=\"b\", quantile=\"0.5\"}"], 2500, 800);  // of a sample of 100
  table.flush(host.clock.now() + 61s, [](auto&, double) {});
  EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace berth::observe
