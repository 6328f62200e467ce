#include "observe/alone/alone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "http/client.h"
#include "http/url.h"
#include "observe/alone/observe_file_suite.h"
#include "observe/inputs/relp_frames.h"
#include "sim/simulation.h"

namespace berth::observe {
namespace {

using testing::HasSubstr;

/// Observation alone on one host, who sends to it on another, in simulated time.
struct AloneTest : testing::Test {
  sim::Simulation simulation{5};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& here = simulation.add_host("here");
  http::Client client{outside.clock, outside.network};
  TextFiles files;
  std::unique_ptr<Alone> alone = std::make_unique<Alone>(here.world(), Log(), "1.0");

  ~AloneTest() override {
    if (alone) EXPECT_TRUE(simulation.run(alone->close()).ok());
  }
  static constexpr std::string_view head =
      "[observe]\ndata = \"/data\"\nlisten = \"0.0.0.0:7400\"\n";
  Result<void> start(const std::string& text) {
    auto file = read_observe(std::string(head) + text, files);
    EXPECT_TRUE(file.ok()) << file.error().text();
    return simulation.run(alone->start(std::move(*file)));
  }
  Result<void> apply(const std::string& text) {
    auto file = read_observe(std::string(head) + text, files);
    EXPECT_TRUE(file.ok()) << file.error().text();
    return simulation.run(alone->apply(std::move(*file)));
  }
  std::unique_ptr<ByteStream> connect(std::uint16_t port) {
    return simulation.run(outside.network.connect(here.address(port))).value();
  }
  void send(ByteStream& stream, std::string text) {
    EXPECT_TRUE(simulation.run(stream.write(Bytes::copy(text))).ok());
    simulation.run_for(100ms);
  }
  std::string get(const std::string& target) {
    http::Request request;
    request.method = "GET";
    request.target = target;
    auto response = simulation.run(client.send(here.address(7400), std::move(request), 10s));
    EXPECT_TRUE(response.ok());
    return response.ok() ? simulation.run(response->text()).value() : "";
  }
  /// A PromQL query's answer now.
  std::string ask(const std::string& query) {
    return get("/prometheus/api/v1/query?query=" + http::percent_encode(query));
  }
};

TEST_F(AloneTest, lines_of_haproxy_are_requests_and_others_count_by_level) {
  ASSERT_TRUE(start("[[input]]\nkind = \"syslog\"\nlisten = \"0.0.0.0:514\"\n").ok());
  auto stream = connect(514);
  send(*stream,
       "<134>Nov 24 12:00:00 haproxy[7]: 10.0.0.7:5123 [24/Nov/2026:12:00:00.123] web web/s1 "
       "0/0/1/2/3 200 1234 - - ---- 1/1/1/1/0 0/0 \"GET /a HTTP/1.1\"\n<11>orders: broken\n");
  simulation.run_for(3s);
  EXPECT_THAT(ask("berth_requests_total"), HasSubstr("\"service\":\"web\",\"status\":\"200\""));
  EXPECT_THAT(ask("berth_log_lines_total"),
              HasSubstr("\"level\":\"error\",\"service\":\"orders\""));
  EXPECT_THAT(get("/metrics"),
              HasSubstr("berth_input_received_total{input=\"syslog\",kind=\"syslog\"} 2"));
}

TEST_F(AloneTest, lines_go_through_their_pipeline_to_streams_and_their_metrics_into_samples) {
  files["/etc/berth/s.toml"] = "[[stream]]\nname = \"all\"\n";
  // The file of streams is read from the disk as well, once it runs.
  ASSERT_TRUE(simulation.run(here.disk.make_folder("/etc/berth")).ok());
  ASSERT_TRUE(
      simulation.run(here.disk.replace_file("/etc/berth/s.toml", files["/etc/berth/s.toml"])).ok());
  ASSERT_TRUE(start(R"(streams = "s.toml"
[parse.web]
parsers = ["grok ^%{WORD:verb} %{NUMBER:metric:float}"]
drop = [{ field = "verb", matches = "^PING" }]
[[input]]
kind = "syslog"
parse = "web"
listen = "0.0.0.0:514"
)")
                  .ok());
  auto stream = connect(514);
  send(*stream, "<13>web: GET 17\n<13>web: PING 1\n<13>web: neither\n");
  simulation.run_for(1s);
  EXPECT_THAT(ask("web"), HasSubstr("\"17\""));
  EXPECT_EQ(alone->lines().counters().dropped, 1U);
  EXPECT_EQ(alone->lines().counters().unparsed, 1U);
  EXPECT_EQ(alone->events().counters().events, 2U);
}

TEST_F(AloneTest, a_changed_file_is_taken_over_and_what_stayed_goes_on) {
  std::string first = "[[input]]\nkind = \"syslog\"\nlisten = \"tcp:0.0.0.0:514\"\n";
  ASSERT_TRUE(start(first).ok());
  auto stream = connect(514);
  send(*stream, "<13>a: one\n");
  ASSERT_TRUE(apply(first + "[[input]]\nname = \"more\"\nkind = \"syslog\"\n"
                            "listen = \"tcp:0.0.0.0:515\"\n")
                  .ok());
  send(*stream, "<13>a: two\n");
  EXPECT_EQ(alone->lines().counters().lines, 2U);
  // The address of one input may become that of another.
  ASSERT_TRUE(apply("[[input]]\nname = \"moved\"\nkind = \"syslog\"\n"
                    "listen = \"tcp:0.0.0.0:514\"\n")
                  .ok());
  auto moved = connect(514);
  send(*moved, "<13>a: three\n");
  EXPECT_EQ(alone->lines().counters().lines, 3U);
  EXPECT_FALSE(simulation.run(outside.network.connect(here.address(515))).ok());
}

TEST_F(AloneTest, an_address_that_cannot_be_had_changes_nothing) {
  ASSERT_TRUE(start("[[input]]\nkind = \"syslog\"\nlisten = \"tcp:0.0.0.0:514\"\n").ok());
  auto taken = here.network.listen(here.address(600)).value();
  auto applied = apply(
      "[[input]]\nname = \"a\"\nkind = \"syslog\"\nlisten = [\"tcp:0.0.0.0:599\", "
      "\"tcp:0.0.0.0:600\"]\n");
  ASSERT_FALSE(applied.ok());
  EXPECT_THAT(applied.error().text(), HasSubstr("listening on 0.0.0.0:600 for the input 'a'"));
  EXPECT_FALSE(simulation.run(outside.network.connect(here.address(599))).ok());
  send(*connect(514), "<13>a: still\n");
  EXPECT_EQ(alone->lines().counters().lines, 1U);
}

TEST_F(AloneTest, what_was_counted_is_there_after_kill_9) {
  std::string text = "[[input]]\nkind = \"syslog\"\nlisten = \"tcp:0.0.0.0:514\"\n";
  ASSERT_TRUE(start(text).ok());
  send(*connect(514), "<11>orders: broken\n");
  simulation.run_for(2s);
  alone = std::make_unique<Alone>(here.world(), Log(), "1.0");
  ASSERT_TRUE(start(text).ok());
  EXPECT_THAT(ask("sum(sum_over_time(berth_log_lines_total[1m])) > 0"), HasSubstr("value"));
}

TEST_F(AloneTest, lines_are_kept_with_their_fields_and_found_after_kill_9) {
  std::string text = R"([logs]
kept = "1d"
[parse.web]
parsers = ["json"]
[[input]]
kind = "relp"
parse = "web"
listen = "0.0.0.0:2514"
)";
  ASSERT_TRUE(start(text).ok());
  std::string out;
  append_relp(out, 1, "open", "commands=syslog");
  append_relp(out, 2, "syslog",
              "<11>orders: {\"user\": 7, \"message\": \"card 4111111111111111\"}");
  auto stream = connect(2514);
  send(*stream, out);
  std::string answers;
  while (!answers.contains("2 rsp 6 200 OK")) {
    auto bytes = simulation.run(stream->read(4096));
    ASSERT_TRUE(bytes.ok() && !bytes->empty()) << answers;
    answers += bytes->view();
  }
  alone = std::make_unique<Alone>(here.world(), Log(), "1.0");
  ASSERT_TRUE(start(text).ok());
  LogSearch search;
  search.query = LogQuery::parse("service:orders level:error user:7").value();
  search.range = {0, INT64_MAX};
  auto found = simulation.run(alone->logs()->search(std::move(search)));
  ASSERT_TRUE(found.ok()) << found.error().text();
  ASSERT_FALSE(found->lines.empty());
  EXPECT_THAT(found->lines[0].text, HasSubstr("[card]"));
}

TEST_F(AloneTest, lines_acknowledged_by_relp_are_counted_once_through_kill_9_at_any_time) {
  std::string text = "[[input]]\nkind = \"relp\"\nlisten = \"0.0.0.0:2514\"\n";
  ASSERT_TRUE(start(text).ok());
  int acknowledged = 0;
  for (int round = 0; round < 12; ++round) {
    auto stream = connect(2514);
    std::string out;
    append_relp(out, 1, "open", "commands=syslog");
    for (std::uint32_t i = 0; i < 5; ++i) append_relp(out, i + 2, "syslog", "<11>orders: broken");
    send(*stream, out);
    std::string answers;
    while (!answers.contains("6 rsp 6 200 OK")) {
      auto bytes = simulation.run(stream->read(4096));
      ASSERT_TRUE(bytes.ok() && !bytes->empty()) << answers;
      answers += bytes->view();
    }
    acknowledged += 5;
    simulation.run_for(Duration(simulation.random().next() % 2'500'000'000));
    alone = std::make_unique<Alone>(here.world(), Log(), "1.0");
    ASSERT_TRUE(start(text).ok());
  }
  simulation.run_for(2s);
  SeriesQuery query{"log_lines", {}, {}, Fold::value, 0, 0, 1};
  query.to = here.clock.wall().nanoseconds / 1'000'000'000 + 10;
  query.from = query.to - 300;
  double sum = 0;
  auto loaded = alone->series().recent({{"log_lines"}, "", query.from, query.to});
  auto answers = loaded.query(query).value();
  for (auto& answer : answers) {
    for (double point : answer.points) sum += std::isnan(point) ? 0 : point;
  }
  EXPECT_EQ(sum, acknowledged);
}

}  // namespace
}  // namespace berth::observe
