#include <cmath>

#include "http/server.h"
#include "observe/inputs/input_suite.h"
#include "observe/promql/sample_source.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A target on the other host, and what it answers.
struct ScrapeTest : InputSuite {
  std::string page = "a 1\n";
  std::string type = "text/plain; version=0.0.4";
  int status = 200;
  std::string asked;
  std::unique_ptr<http::Server> server;

  void SetUp() override {
    InputSuite::SetUp();
    server = std::make_unique<http::Server>(outside.clock, [this](http::ServerRequest& request) {
      asked = request.head.headers.value("accept");
      auto answer = http::ServerResponse::text(page, status);
      answer.headers.set("content-type", type);
      return ready(std::move(answer));
    });
    server->serve(outside.network.listen(outside.address(9100)).value());
    std::string url = "http://" + outside.address(9100).text() + "/metrics";
    spec.scrape.targets = {{url, "web1:9100"}};
    spec.scrape.job = "web";
    spec.scrape.every = 10s;
    spec.scrape.timeout = 2s;
  }
  void TearDown() override {
    InputSuite::TearDown();
    EXPECT_TRUE(simulation.run(server->close()).ok());
  }
  /// The values of a series by name, "stale" where it ended.
  std::vector<std::string> values(const std::string& name) {
    promql::Selection selection;
    selection.to = INT64_MAX / 2;
    std::vector<std::string> out;
    auto found = simulation.run(samples.select(selection, 1'000'000)).value();
    for (auto& each : found) {
      if (each.labels.value(promql::metric_name) != name) continue;
      for (auto& sample : each.samples) {
        out.push_back(promql::is_stale(sample.value) ? "stale"
                                                     : std::to_string(std::lround(sample.value)));
      }
    }
    return out;
  }
};

TEST_F(ScrapeTest, asks_each_interval_and_tells_of_itself) {
  page = "# TYPE hits counter\nhits{job=\"own\"} 7\n";
  spec.scrape.labels = {{"env", "prod"}};
  make("scrape", 0);
  simulation.run_for(30s);
  EXPECT_THAT(values("hits"), ElementsAre("7", "7", "7"));
  EXPECT_THAT(values("up"), ElementsAre("1", "1", "1"));
  EXPECT_THAT(values("scrape_samples_scraped"), ElementsAre("1", "1", "1"));
  EXPECT_THAT(values("scrape_series_added"), ElementsAre("1", "0", "0"));
  EXPECT_THAT(asked, HasSubstr("openmetrics"));
  EXPECT_THAT(taken(),
              testing::Contains(HasSubstr("{__name__=\"hits\", env=\"prod\", exported_job=\"own\", "
                                          "instance=\"web1:9100\", job=\"web\"}")));
  ASSERT_EQ(samples.about().size(), 1U);
  EXPECT_EQ(samples.about()[0].type, "counter");
}

TEST_F(ScrapeTest, a_series_that_is_gone_ends_and_all_do_where_a_try_fails) {
  page = "a 1\nb 2\n";
  make("scrape", 0);
  simulation.run_for(10s);
  page = "a 1\n";
  simulation.run_for(10s);
  EXPECT_THAT(values("b"), ElementsAre("2", "stale"));
  status = 500;
  simulation.run_for(10s);
  EXPECT_THAT(values("a"), ElementsAre("1", "1", "stale"));
  EXPECT_THAT(values("up"), ElementsAre("1", "1", "0"));
  status = 200;
  simulation.run_for(10s);
  EXPECT_THAT(values("a"), ElementsAre("1", "1", "stale", "1"));
  EXPECT_EQ(input->counters().lost["failed_scrape"], 1U);
}

TEST_F(ScrapeTest, what_is_no_metrics_or_too_much_failed) {
  page = "a b c\n";
  spec.scrape.samples_max = 2;
  make("scrape", 0);
  simulation.run_for(10s);
  page = "a 1\nb 1\nc 1\n";
  simulation.run_for(10s);
  EXPECT_THAT(values("up"), ElementsAre("0", "0"));
  EXPECT_TRUE(values("a").empty());
}

TEST_F(ScrapeTest, a_silent_target_is_given_up_after_the_timeout_and_honored_labels_stay) {
  spec.scrape.honor_labels = true;
  page = "a{job=\"own\"} 1\n";
  make("scrape", 0);
  simulation.run_for(10s);
  EXPECT_THAT(taken(), testing::Contains(HasSubstr("instance=\"web1:9100\", job=\"own\"")));
  EXPECT_TRUE(simulation.run(server->close()).ok());
  simulation.run_for(10s);
  EXPECT_THAT(values("up"), ElementsAre("1", "0"));
}

TEST_F(ScrapeTest, an_end_marks_all_that_was_there) {
  type = "application/openmetrics-text; version=1.0.0";
  page = "a 1\nwith_time 5 1.5\n# EOF\n";
  make("scrape", 0);
  simulation.run_for(10s);
  EXPECT_TRUE(simulation.run(input->close()).ok());
  EXPECT_THAT(values("a"), ElementsAre("1", "stale"));
  EXPECT_THAT(values("up"), ElementsAre("1", "stale"));
}

}  // namespace
}  // namespace berth::observe
