#include "observe/streams/streams_file.h"

#include "observe/streams/streams_suite.h"
#include "observe/streams/test_file.h"

namespace berth::observe::streams {
namespace {

std::string refusal(std::string_view text) {
  auto file = read_streams_file(text, "streams.toml");
  return file.ok() ? "" : std::string(file.error().message());
}

/// A core with the streams of a file, and what it publishes as alerts.
class FileBench : public Bench {
 public:
  explicit FileBench(std::string_view text) {
    auto file = read_streams_file(text, "streams.toml");
    EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().text());
    if (!file.ok()) return;
    auto installed = core.install(file->streams);
    EXPECT_TRUE(installed.ok());
    core.start();
    alerts_heard = core.pubsub().subscribe(
        "alerts", [this](const Event& event) { alerts.push_back(text_(event)); });
  }
  void inject(const Steps& steps) {
    for (auto& step : steps) {
      if (step.event) {
        Event event = *step.event;
        core.inject(event);
      } else {
        clock.advance(step.wait);
      }
    }
  }
  Texts indexed() {
    Texts out;
    core.index().each([&](const Event& event) { out.push_back(text_(event)); });
    std::ranges::sort(out);
    return out;
  }
  Texts alerts;

 private:
  static std::string text_(const Event& event) { return streams::text(event); }
  PubSub::Subscription alerts_heard;
};

TEST(StreamsFileTest, where_by_compute_every_set) {
  FileBench bench(R"(
[[stream]]
name = "latency of the api"
where = 'service = "api" and metric > 0'
by = ["host"]
compute = "percentiles 0.5 0.95"
every = "10s"
set = { state = "ok", shard = 7, description = "of %{host}" }
tag = ["computed"]
)");
  for (int i = 1; i <= 100; ++i) {
    bench.inject({"host=a service=api metric=" + std::to_string(i), "host=b service=api metric=5"});
  }
  bench.inject({10s});
  EXPECT_EQ(bench.indexed(),
            (Texts{"host=a service=api 0.5 state=ok description=of a metric=51 time=0 ttl=60 "
                   "tags=computed shard=7",
                   "host=a service=api 0.95 state=ok description=of a metric=96 time=0 ttl=60 "
                   "tags=computed shard=7",
                   "host=b service=api 0.5 state=ok description=of b metric=5 time=0 ttl=60 "
                   "tags=computed shard=7",
                   "host=b service=api 0.95 state=ok description=of b metric=5 time=0 ttl=60 "
                   "tags=computed shard=7"}));
}

TEST(StreamsFileTest, folds_each_interval_and_steps_in_a_row) {
  FileBench bench(R"(
[[stream]]
name = "requests"
where = 'service = "requests"'
compute = "sum"
every = "5s"
set = { service = "requests in 5 s" }

[[stream]]
name = "moving"
where = 'service = "requests"'
compute = ["moving_event_window 2", "maximum"]
set = { service = "greatest" }
scale = 10
to = ["publish alerts", "index"]
)");
  bench.inject(
      {"service=requests metric=3", "service=requests metric=4", "service=requests metric=1", 5s});
  EXPECT_EQ(bench.alerts, events({"service=greatest metric=30 time=0 ttl=60",
                                  "service=greatest metric=40 time=0 ttl=60",
                                  "service=greatest metric=40 time=0 ttl=60"}));
  EXPECT_EQ(bench.indexed(), (Texts{"service=greatest metric=40 time=0 ttl=60",
                                    "service=requests in 5 s metric=8 time=0 ttl=60"}));
}

constexpr std::string_view alerting = R"(
[[stream]]
name = "queue"
where = 'service = "queue"'
alert = { critical = "metric >= 100", warning = "metric >= 50", for = "10s", absent = "critical" }
)";

TEST(StreamsFileTest, an_alert_is_told_once_and_when_it_ends) {
  FileBench bench(alerting);
  bench.inject(
      {"service=queue metric=1", 5s, "service=queue metric=120", 5s, "service=queue metric=1"});
  EXPECT_EQ(bench.alerts, Texts()) << "a spike is none";
  bench.inject({5s, "service=queue metric=120", 5s, "service=queue metric=130", 5s,
                "service=queue metric=140", 1s, "service=queue metric=150"});
  EXPECT_EQ(bench.alerts, events({"service=queue state=critical metric=120 time=15 ttl=60"}));
  EXPECT_EQ(bench.indexed(), events({"service=queue state=critical metric=150 time=26 ttl=60"}));
  bench.inject({1s, "service=queue metric=2", 11s});
  EXPECT_EQ(bench.alerts.size(), 2u);
  EXPECT_THAT(bench.alerts.back(), testing::HasSubstr("state=ok metric=2"));
}

TEST(StreamsFileTest, an_alert_by_absence) {
  FileBench bench(alerting);
  bench.inject({"service=queue metric=1", 60s, 60s});
  ASSERT_EQ(bench.alerts.size(), 1u);
  EXPECT_THAT(bench.alerts[0], testing::HasSubstr("service=queue state=critical"));
  EXPECT_THAT(bench.alerts[0], testing::HasSubstr("no event came in time"));
  EXPECT_EQ(bench.indexed(), Texts());
}

TEST(StreamsFileTest, limits) {
  auto file = read_streams_file(R"(
[limits]
ttl = "5m"
reap_every = "5s"
fork_idle = "2h"
index_events_max = 7
expired_keeps = ["host", "service", "tags"]
)",
                                "streams.toml");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->limits.ttl, Duration(5min));
  EXPECT_EQ(file->limits.reap_every, Duration(5s));
  EXPECT_EQ(file->limits.fork_idle, Duration(2h));
  EXPECT_EQ(file->limits.index_events_max, 7u);
  EXPECT_EQ(file->limits.expired_keeps.size(), 3u);
}

TEST(StreamsFileTest, everything_that_is_wrong_is_told_with_line_and_column) {
  EXPECT_EQ(refusal("[[stream]]\nname = \"a\"\nwhere = 'metric >'\n"),
            "streams.toml:3:9: stream[0].where is wrong: parse error: column 9: expected a number, "
            "found the end");
  EXPECT_THAT(refusal(R"([[stream]]
name = "a"
compute = "raet 5s"
every = "5s"
[[stream]]
name = "b"
compute = ["coalesce", "rate 5s"]
[[stream]]
name = "a"
compute = "mean"
by = []
wehre = "x"
to = ["nowhere", "over 5"]
[[stream]]
set = { metric = "high" }
alert = { critical = "metric >", absent = "x" }
[limits]
ttl = "0s"
)"),
              testing::AllOf(
                  testing::HasSubstr("streams.toml:4:9: stream[0].every has no meaning for 'raet'"),
                  testing::HasSubstr("streams.toml:7:11: stream[1].compute rate takes events, but "
                                     "coalesce hands on vectors; put a fold"),
                  testing::HasSubstr("streams.toml:9:8: stream[2].name 'a' is the name of another"),
                  testing::HasSubstr("streams.toml:11:6: stream[2].by must name a field"),
                  testing::HasSubstr("unknown key 'wehre' in stream[2]; did you mean 'where'?"),
                  testing::HasSubstr("there is no stream function 'nowhere'"),
                  testing::HasSubstr("must be an end such as index or publish TOPIC, not 'over 5'"),
                  testing::HasSubstr("stream[3].name is missing"),
                  testing::HasSubstr("stream[3].set cannot set 'metric' to a string"),
                  testing::HasSubstr("alert.critical is wrong: parse error: column 9"),
                  testing::HasSubstr("must be \"critical\" or \"warning\""),
                  testing::HasSubstr("streams.toml:18:7: limits.ttl must be more than zero")));
  EXPECT_THAT(refusal("[[stream]]\nname = \"a\"\ncompute = \"mean\"\n"),
              testing::HasSubstr("begins with a fold of vectors"));
  EXPECT_THAT(refusal("stream = 5"), testing::HasSubstr("must be an array of tables: [[stream]]"));
  EXPECT_THAT(refusal("[[stream"), testing::HasSubstr("streams.toml:1:"));
}

std::vector<std::string> trial(std::string_view streams, std::string_view tests) {
  auto file = read_streams_file(streams, "streams.toml");
  auto test = read_streams_test_file(tests, "test.toml");
  EXPECT_TRUE(file.ok() && test.ok()) << (test.ok() ? "" : test.error().text());
  if (!file.ok() || !test.ok()) return {"not read"};
  return run_streams_test(test->tests.at(0), *file);
}

TEST(StreamsTestFile, what_comes_as_expected_passes) {
  EXPECT_EQ(trial(alerting, R"(
streams = "streams.toml"
[[test]]
name = "a full queue"
steps = [
  { event = { service = "queue", metric = 200, tags = ["a"], ttl = "30s" } },
  { advance = "10s", event = { service = "queue", metric = 201 } },
  { advance = "1ms" },
]
expect = [
  { topic = "alerts", events = [ { service = "queue", state = "critical", metric = 200, host = "" } ] },
  { index = 'service = "queue"', events = [ { metric = 201, time = 10 } ] },
  { topic = "other", events = [] },
]
)"),
            std::vector<std::string>());
}

TEST(StreamsTestFile, what_does_not_is_told_with_what_came) {
  auto problems = trial(alerting, R"(streams = "streams.toml"
[[test]]
name = "a full queue"
steps = [ { event = { service = "queue", metric = 200 } }, { advance = "10s" } ]
expect = [
  { topic = "alerts", events = [ { state = "warning" } ] },
  { topic = "alerts", exactly = false, events = [ { state = "critical" }, { state = "ok" } ] },
  { index = "true", events = [] },
]
)");
  ASSERT_EQ(problems.size(), 6u) << testing::PrintToString(problems);
  EXPECT_THAT(problems[0], testing::StartsWith("test.toml:6:3: topic alerts: expected {state = "
                                               "warning} as event 1, found {"));
  EXPECT_THAT(problems[1], testing::StartsWith("  event 1: {\"service\":\"queue\""));
  EXPECT_EQ(problems[2], "test.toml:7:3: topic alerts: expected {state = ok}, which did not come");
  EXPECT_THAT(problems[4], testing::StartsWith("test.toml:8:3: index true: did not expect {"));
}

TEST(StreamsTestFile, failures_of_streams_fail_the_test) {
  auto problems = trial("[[stream]]\nname = \"a\"\nto = [\"send nowhere\"]\n", R"(
streams = "s"
[[test]]
name = "x"
steps = [ { event = { host = "a" } } ]
expect = []
)");
  EXPECT_EQ(problems,
            (std::vector<std::string>{"streams could not handle 1 events; 0 were expected"}));
}

TEST(StreamsTestFile, a_wrong_file_is_refused) {
  auto refused = read_streams_test_file(R"([[test]]
name = "a"
steps = [ {}, { advance = 5 }, { event = { metric = "x" } } ]
expect = [ { events = [] }, { topic = "a", index = "b c", events = 7 } ]
)",
                                        "test.toml");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(),
              testing::AllOf(testing::HasSubstr("streams is missing"),
                             testing::HasSubstr("test[0].steps[0].event is missing"),
                             testing::HasSubstr("test[0].steps[1].advance must be"),
                             testing::HasSubstr("cannot set 'metric' to a string"),
                             testing::HasSubstr("or output or index must be given"),
                             testing::HasSubstr("index is wrong: parse error: column 3")));
}

}  // namespace
}  // namespace berth::observe::streams
