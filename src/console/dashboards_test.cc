#include "console/console_suite.h"

namespace berth::console {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view shop_text =
    "title = \"Shop\"\n[[panel]]\ntitle = \"up\"\n[[panel.query]]\nexpr = \"up\"\n";

struct DashboardsTest : ConsoleTest {
  Answer put(const std::string& name, std::string_view text, const std::string& revision) {
    Json body = Json::object();
    body.set("toml", text).set("revision", revision);
    return ask("PUT", "/v1/dashboards/" + name, body.text(), with_token());
  }
  Answer remove(const std::string& name, const std::string& revision) {
    return ask("DELETE", "/v1/dashboards/" + name + "?revision=" + revision, "", with_token());
  }
  std::string kept(const std::string& name) {
    std::ifstream file(folder + "/dashboards/" + name + ".toml");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    Json answer = get("/v1/dashboards").json();
    for (auto& each : answer["dashboards"].items()) all.emplace_back(each["name"].string_or(""));
    return all;
  }
};

TEST_F(DashboardsTest, what_was_put_is_kept_as_its_text_and_read_again) {
  start();
  auto answer = put("shop", shop_text, "");
  EXPECT_EQ(answer.status, 201) << answer.text;
  EXPECT_EQ(kept("shop"), shop_text);
  auto found = get("/v1/dashboards/shop").json();
  EXPECT_EQ(found["toml"].string_or(""), shop_text);
  EXPECT_EQ(found["revision"], answer.json()["revision"]);
  EXPECT_EQ(found["dashboard"]["panels"].items()[0]["queries"].items()[0]["expr"].string_or(""),
            "up");
  EXPECT_THAT(names(), ElementsAre("system", "service", "shop"));
}

TEST_F(DashboardsTest, a_write_that_is_made_from_another_revision_is_a_conflict) {
  start();
  std::string first(put("shop", shop_text, "").json()["revision"].string_or(""));
  EXPECT_EQ(put("shop", shop_text, "").status, 409) << "it is there already";
  std::string changed = std::string(shop_text) + "# changed\n";
  auto second = put("shop", changed, first);
  EXPECT_EQ(second.status, 200) << second.text;
  auto late = put("shop", shop_text, first);
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.detail(), "the dashboard 'shop' was changed by somebody else");
  EXPECT_EQ(kept("shop"), changed);
  EXPECT_EQ(remove("shop", first).status, 409);
  EXPECT_EQ(remove("shop", std::string(second.json()["revision"].string_or(""))).status, 200);
  EXPECT_EQ(kept("shop"), "");
  EXPECT_EQ(put("shop", shop_text, first).detail(),
            "the dashboard 'shop' was removed by somebody else");
}

TEST_F(DashboardsTest, a_wrong_text_is_refused_with_its_places_and_changes_nothing) {
  start();
  std::string first(put("shop", shop_text, "").json()["revision"].string_or(""));
  auto answer = put("shop", "title = 1\nmore = 2\n", first);
  EXPECT_EQ(answer.status, 422);
  Json told = answer.json();
  auto& problems = told["problems"].items();
  ASSERT_EQ(problems.size(), 2u) << answer.text;
  EXPECT_EQ(problems[0]["file"].string_or(""), "shop.toml");
  EXPECT_EQ(problems[0]["line"].integer(), 1);
  EXPECT_EQ(problems[0]["column"].integer(), 9);
  EXPECT_EQ(problems[1]["line"].integer(), 2);
  EXPECT_THAT(answer.detail(), HasSubstr("(and 1 more)"));
  EXPECT_EQ(kept("shop"), shop_text);
  EXPECT_EQ(put("..", shop_text, "").status, 400);
  EXPECT_EQ(put("Shop", shop_text, "").status, 400);
  EXPECT_EQ(put("large", std::string(Dashboard::text_bytes_max + 1, '#'), "").status, 413);
}

TEST_F(DashboardsTest, a_kept_one_stands_before_the_built_in_one_until_it_is_removed) {
  start();
  EXPECT_TRUE(*get("/v1/dashboards/system").json()["built_in"].boolean());
  EXPECT_EQ(remove("system", "").status, 404);
  std::string mine(put("system", shop_text, "").json()["revision"].string_or(""));
  auto found = get("/v1/dashboards/system").json();
  EXPECT_FALSE(*found["built_in"].boolean());
  EXPECT_EQ(found["dashboard"]["title"].string_or(""), "Shop");
  EXPECT_THAT(names(), ElementsAre("service", "system"));
  EXPECT_EQ(remove("system", mine).json()["text"].string_or(""),
            "system is the built-in one again");
  EXPECT_EQ(get("/v1/dashboards/system").json()["dashboard"]["title"].string_or(""), "System");
}

TEST_F(DashboardsTest, a_file_that_an_editor_broke_is_listed_with_its_fault) {
  start();
  put("shop", shop_text, "");
  std::ofstream(folder + "/dashboards/shop.toml") << "title = [\n";
  auto listed = get("/v1/dashboards").json()["dashboards"].items().back();
  EXPECT_THAT(std::string(listed["problem"].string_or("")), HasSubstr("shop.toml:"));
  auto found = get("/v1/dashboards/shop").json();
  EXPECT_EQ(found["toml"].string_or(""), "title = [\n");
  EXPECT_EQ(found["problems"].items().size(), 1u);
  EXPECT_EQ(put("shop", shop_text, std::string(found["revision"].string_or(""))).status, 200);
}

TEST_F(DashboardsTest, one_that_is_not_there_is_told_with_the_nearest) {
  start();
  auto answer = get("/v1/dashboards/sistem");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.detail(), "there is no dashboard 'sistem'; did you mean 'system'?");
  EXPECT_EQ(ask("PUT", "/v1/dashboards/x", "{}", {}).status, 401);
}

TEST_F(DashboardsTest, what_a_killed_write_left_is_no_dashboard) {
  start();
  put("shop", shop_text, "");
  std::ofstream(folder + "/dashboards/other.toml.new") << "title = ";
  EXPECT_THAT(names(), ElementsAre("system", "service", "shop"));
  EXPECT_EQ(put("other", shop_text, "").status, 201);
}

struct ChartsTest : ConsoleTest {
  Json ask_charts(const std::string& queries, std::int64_t seconds, std::int64_t step = 1000,
                  std::int64_t beyond = 0) {
    std::int64_t to = observer.counted_until() * 1000 + beyond;
    auto answer = post("/v1/charts", "{\"from\":" + std::to_string(to - seconds * 1000) +
                                         ",\"to\":" + std::to_string(to) + ",\"step\":" +
                                         std::to_string(step) + ",\"queries\":[" + queries + "]}");
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer.json();
  }
};

TEST_F(ChartsTest, expressions_are_answered_together_over_the_same_moments) {
  add_service("users");
  start();
  traffic("users", 5, 4, 1);
  Json answer = ask_charts(R"~({"expr":"sum by (status) (increase(berth_requests_total[2s]))"},)~"
                           R"~({"expr":"sum(berth_requests_total)"},{"expr":"42"})~",
                           2);
  EXPECT_EQ(answer["count"].integer(), 3);
  auto& answers = answer["answers"].items();
  ASSERT_EQ(answers.size(), 3u) << answer.text();
  auto& by_status = answers[0]["series"].items();
  ASSERT_EQ(by_status.size(), 2u) << answer.text();
  EXPECT_EQ(by_status[0]["labels"]["status"].string_or(""), "200");
  EXPECT_EQ(by_status[0]["points"].text(), "[8,8,8]");
  EXPECT_EQ(by_status[1]["points"].text(), "[2,2,2]");
  EXPECT_EQ(answers[1]["series"].items()[0]["points"].text(), "[15,20,25]");
  EXPECT_EQ(answers[2]["series"].items()[0]["points"].text(), "[42,42,42]");
}

TEST_F(ChartsTest, what_is_not_counted_yet_is_not_answered) {
  add_service("users");
  start();
  traffic("users", 3, 1);
  Json answer = ask_charts(R"~({"expr":"sum(berth_requests_total)"})~", 1, 1000, 5000);
  EXPECT_EQ(answer["until"].integer(), observer.counted_until() * 1000);
  EXPECT_EQ(answer["count"].integer(), 0) << answer.text();
  EXPECT_EQ(answer["answers"].items()[0]["series"].items().size(), 0u);
}

TEST_F(ChartsTest, an_offset_shows_earlier_moments_at_the_present_ones) {
  add_service("users");
  start();
  traffic("users", 6, 1);
  Json answer = ask_charts(
      R"~({"expr":"sum(berth_requests_total)"},{"expr":"sum(berth_requests_total)","offset":2000})~",
      1);
  EXPECT_EQ(answer["answers"].items()[0]["series"].items()[0]["points"].text(), "[5,6]");
  EXPECT_EQ(answer["answers"].items()[1]["series"].items()[0]["points"].text(), "[3,4]");
}

TEST_F(ChartsTest, a_wrong_expression_fails_alone) {
  add_service("users");
  start();
  traffic("users", 2, 1);
  Json answer = ask_charts(
      R"~({"expr":"sum("},{"expr":"up[1m]"},{"expr":"sum(berth_requests_total)"},{})~", 0);
  auto& answers = answer["answers"].items();
  EXPECT_THAT(std::string(answers[0]["error"].string_or("")), HasSubstr("parse error"));
  EXPECT_THAT(std::string(answers[1]["error"].string_or("")), HasSubstr("instant vector"));
  EXPECT_EQ(answers[2]["series"].items()[0]["points"].text(), "[2]");
  EXPECT_EQ(answers[3]["error"].string_or(""), "'expr' is missing");
}

TEST_F(ChartsTest, limits_are_told) {
  start();
  auto refused = [&](const std::string& body) { return post("/v1/charts", body).detail(); };
  next_second();
  std::string now = std::to_string(observer.counted_until() * 1000);
  EXPECT_THAT(refused("{\"from\":0,\"to\":" + now + ",\"step\":1000,\"queries\":[]}"),
              HasSubstr("2000 are the most; take a longer step"));
  EXPECT_THAT(refused("{\"from\":0,\"to\":1,\"step\":0}"), HasSubstr("'step' must be from 1"));
  EXPECT_THAT(refused("{\"to\":1,\"step\":1}"), HasSubstr("'from' is missing"));
  std::string many;
  for (int i = 0; i < 301; ++i) many += std::string(i ? "," : "") + "{\"expr\":\"1\"}";
  EXPECT_EQ(refused("{\"from\":0,\"to\":0,\"step\":1,\"queries\":[" + many + "]}"),
            "301 queries, 300 are the most of one request");
}

TEST_F(ChartsTest, deploys_of_the_time_come_as_marks) {
  auto& users = desired("users");
  users.rollouts.push_back({});
  users.rollouts.back().from = 1;
  users.rollouts.back().to = 2;
  users.rollouts.back().started = clock.wall();
  put(users);
  start();
  traffic("users", 3, 1);
  auto answer = ask_charts("", 4);
  ASSERT_EQ(answer["marks"].items().size(), 1u) << answer.text();
  EXPECT_EQ(answer["marks"].items()[0]["version"].integer(), 2);
}

}  // namespace
}  // namespace berth::console
