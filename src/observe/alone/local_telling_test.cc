#include "observe/alone/local_telling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/server.h"
#include "observe/alerts/alerts_suite.h"

namespace berth::observe {
namespace {

using testing::HasSubstr;

/// What berth dev has of alerts, on a simulated host.
struct LocalTellingTest : testing::Test {
  sim::Simulation simulation{9};
  sim::Host& host = simulation.add_host("here");
  SetSeries series;
  std::unique_ptr<streams::StreamCore> core =
      std::make_unique<streams::StreamCore>(host.clock, Log());
  std::unique_ptr<LocalTelling> local;
  http::Router router;
  http::Server server{host.clock,
                      [this](http::ServerRequest& request) { return router.route(request); }};
  http::Client client{host.clock, host.network};

  void write(const std::string& text) {
    auto folder = simulation.run(host.disk.make_durable_folder("/shop"));
    ASSERT_TRUE(folder.ok()) << folder.error().text();
    ASSERT_TRUE(simulation.run(host.disk.replace_file("/shop/observe.toml", text)).ok());
  }
  void start() {
    local = std::make_unique<LocalTelling>(host.world(), Log(), "/shop/.berth",
                                           "/shop/observe.toml", *core, series);
    ASSERT_TRUE(simulation.run(local->start()).ok());
    local->add_routes(router);
    server.serve(host.network.listen(Address::loopback(80)).value());
  }
  Json get(const std::string& target) {
    http::Request request;
    request.method = "GET";
    request.target = target;
    auto response = simulation.run(client.send(Address::loopback(80), std::move(request), 10s));
    EXPECT_TRUE(response.ok());
    auto text = simulation.run(response->text());
    return Json::parse(text.value()).value_or({});
  }
  std::vector<std::string> rules() {
    std::vector<std::string> out;
    Json alerts = get("/v1/alerts");
    for (auto& rule : alerts["rules"].items()) {
      out.emplace_back(rule["name"].string_or(""));
    }
    return out;
  }
  ~LocalTellingTest() override {
    EXPECT_TRUE(simulation.run(server.close()).ok());
    if (local) EXPECT_TRUE(simulation.run(local->close()).ok());
  }
};

TEST_F(LocalTellingTest, without_a_file_the_defaults_run) {
  start();
  EXPECT_THAT(rules(), testing::Contains("an instance keeps failing"));
  series.values["berth_healthy_instances{service=\"users\"}"] = 0;
  series.values["berth_wanted_instances{service=\"users\"}"] = 2;
  simulation.run_for(1min);
  Json alerts = get("/v1/alerts");
  ASSERT_EQ(alerts["alerts"].items().size(), 1u);
  EXPECT_EQ(alerts["alerts"].items()[0]["summary"].string_or(""), "users has no healthy instance");
  EXPECT_EQ(alerts["alerts"].items()[0]["phase"].string_or(""), "firing");
}

TEST_F(LocalTellingTest, a_changed_file_is_taken_over_and_a_wrong_one_leaves_what_runs) {
  write("[alerts]\ndefaults = false\n[[alert]]\nname = \"one\"\nquery = 'x > 1'\n");
  start();
  EXPECT_THAT(rules(), testing::ElementsAre("one"));
  write("[alerts]\ndefaults = false\n[[alert]]\nname = \"two\"\nquery = 'x > 1'\n");
  simulation.run_for(3s);
  EXPECT_THAT(rules(), testing::ElementsAre("two"));
  write("[alerts]\ndefaults = false\n[[alert]]\nname = \"three\"\nquery = 'x >'\n");
  simulation.run_for(3s);
  EXPECT_THAT(rules(), testing::ElementsAre("two"));
  EXPECT_THAT(std::string(get("/v1/alerts/file")["problem"].string_or("")),
              HasSubstr("observe.toml:5:9: alert[0].query is wrong"));
  write("[[input]]\nkind = \"syslog\"\n");
  simulation.run_for(3s);
  EXPECT_THAT(local->problem(), HasSubstr("observe.toml:1:1: input is for `berth observe run`"));
  EXPECT_THAT(rules(), testing::ElementsAre("two"));
  write("[alerts]\ndefaults = false\n[[alert]]\nname = \"three\"\nquery = 'x > 1'\n");
  simulation.run_for(3s);
  EXPECT_THAT(rules(), testing::ElementsAre("three"));
  EXPECT_EQ(local->problem(), "");
}

TEST_F(LocalTellingTest, kpis_count_messages_and_objectives_tell_what_is_left) {
  write(
      "[[kpi]]\nname = \"orders per minute\"\ntopic = \"order.created\"\nusual = [2, 10]\n"
      "[[kpi]]\nname = \"gift value sold\"\ntopic = \"gift.sold\"\nfield = \"order.amount\"\n"
      "[[objective]]\nname = \"it answers\"\npercent = 99\n"
      "errors = 'max_over_time(errors[$window])'\ntotal = 'max_over_time(total[$window])'\n");
  series.values["errors"] = 1;
  series.values["total"] = 200;
  start();
  simulation.run_for(121s);
  for (int i = 0; i < 3; ++i) local->telling().note_message("order.created", "{}");
  local->telling().note_message("gift.sold", R"({"order": {"amount": 12.5}})");
  local->telling().note_message("gift.sold", R"({"order": {"amount": "7.5"}})");
  local->telling().note_message("gift.sold", "no JSON");
  Json before = get("/v1/kpis");
  EXPECT_EQ(before["kpis"].items()[0]["value"].number().value_or(-1), 0);
  simulation.run_for(1min);
  Json now = get("/v1/kpis");
  auto& kpis = now["kpis"].items();
  ASSERT_EQ(kpis.size(), 2u);
  EXPECT_EQ(kpis[0]["value"].number().value_or(-1), 3);
  EXPECT_EQ(kpis[0]["least"].number().value_or(-1), 2);
  EXPECT_EQ(kpis[1]["value"].number().value_or(-1), 20);
  auto& objective = now["objectives"].items()[0];
  EXPECT_EQ(objective["trouble"].string_or("-"), "");
  EXPECT_NEAR(objective["left"].number().value_or(-1), 0.5, 1e-9);
  EXPECT_NEAR(objective["burns"].items()[0]["rate"].number().value_or(-1), 0.5, 1e-9);
}

}  // namespace
}  // namespace berth::observe
