#include <cmath>

#include "console/console_suite.h"
#include "console/series_view.h"

namespace berth::console {
namespace {

using testing::ElementsAre;

struct SeriesTest : ConsoleTest {
  std::int64_t now() const { return observer.counted_until(); }
  Json ask_series(std::string query) { return get("/v1/series?" + query).json(); }
  /// The points of the only line, as JSON.
  std::string points(const std::string& query) {
    Json answer = ask_series(query);
    EXPECT_EQ(answer["series"].items().size(), 1u) << answer.text();
    return answer["series"].items().empty() ? "" : answer["series"].items()[0]["points"].text();
  }
  std::string last(int seconds, const std::string& more) {
    return "service=users&step=1&from=" + std::to_string((now() - seconds) * 1000) + "&" + more;
  }
};

TEST_F(SeriesTest, each_name_is_what_it_says) {
  add_service("users");
  start();
  next_second();
  for (int i = 0; i < 8; ++i) request("users", 200, 2ms);
  request("users", 302, 2ms);
  request("users", 404, 2ms);
  request("users", 503, 2ms);
  request("users", 0, 13ms);
  observer.note_log_line("users", "ERROR no");
  observer.note_log_line("users", "WARN slow");
  observer.note_log_line("users", "WARN slow");
  next_second();
  auto one = [&](const std::string& name) { return points(last(1, "name=" + name)); };
  EXPECT_EQ(one("rate"), "[12]");
  EXPECT_EQ(one("errors"), "[" + Json(2.0 / 12).text() + "]");
  EXPECT_EQ(one("status_2xx"), "[8]");
  EXPECT_EQ(one("status_3xx"), "[1]");
  EXPECT_EQ(one("status_4xx"), "[1]");
  EXPECT_EQ(one("status_5xx"), "[1]");
  EXPECT_EQ(one("bytes_in"), "[1200]");
  EXPECT_EQ(one("bytes_out"), "[12000]");
  EXPECT_EQ(one("log_warnings"), "[2]");
  EXPECT_EQ(one("log_errors"), "[1]");
  auto number = [&](const std::string& name) {
    return *Json::parse(one(name)).value().items()[0].number();
  };
  EXPECT_NEAR(number("mean"), (11 * 0.002 + 0.013) / 12, 1e-9);
  EXPECT_NEAR(number("p50"), 0.002, 0.002 * 0.01);
  EXPECT_NEAR(number("p99"), 0.013, 0.013 * 0.01);
}

TEST_F(SeriesTest, nothing_counted_is_zero_and_nothing_measured_unknown) {
  for (int i = 0; i < 5; ++i) next_second();
  add_service("users");
  start();
  next_second();
  request("users");
  for (int i = 0; i < 4; ++i) next_second();
  EXPECT_EQ(points(last(10, "name=rate")), "[null,null,null,null,null,0,1,0,0,0]");
  EXPECT_EQ(points(last(10, "name=errors")), "[null,null,null,null,null,null,0,null,null,null]");
  Json p50 = Json::parse(points(last(10, "name=p50"))).value();
  EXPECT_TRUE(p50.items()[6].number());
  EXPECT_TRUE(p50.items()[5].is_null());
}

TEST_F(SeriesTest, percentiles_of_a_step_are_those_of_all_its_requests) {
  add_service("users");
  start();
  while (now() % 10 != 0) next_second();
  for (int second = 0; second < 10; ++second) {
    // One slow second of many requests: the mean of ten medians would be far off.
    for (int i = 0; i < (second == 3 ? 99 : 1); ++i) {
      request("users", 200, second == 3 ? Duration(100ms) : Duration(1ms));
    }
    next_second();
  }
  Json answer =
      ask_series("service=users&name=p50&step=10&from=" + std::to_string((now() - 10) * 1000));
  ASSERT_EQ(answer["series"].items()[0]["points"].items().size(), 1u);
  EXPECT_NEAR(*answer["series"].items()[0]["points"].items()[0].number(), 0.1, 0.001);
}

TEST_F(SeriesTest, a_range_is_answered_in_whole_steps_that_are_over) {
  add_service("users");
  start();
  pass(30s);
  Json answer = ask_series("service=users&name=rate&step=7&from=" +
                           std::to_string((now() - 20) * 1000 + 555));
  std::int64_t from = *answer["from"].integer();
  EXPECT_EQ(from % 7000, 0);
  EXPECT_LE(from, (now() - 20) * 1000);
  auto count = static_cast<std::int64_t>(answer["series"].items()[0]["points"].items().size());
  EXPECT_EQ(count, (now() - from / 1000) / 7);
  Json future = ask_series("service=users&name=rate&from=" + std::to_string((now() + 60) * 1000) +
                           "&to=" + std::to_string((now() + 90) * 1000));
  EXPECT_TRUE(future["series"].items().empty());
}

TEST_F(SeriesTest, by_default_it_is_the_last_quarter_of_an_hour) {
  add_service("users");
  start();
  pass(20s);
  Json answer = ask_series("name=rate");
  EXPECT_EQ(answer["step"].integer(), 1);
  EXPECT_NEAR(static_cast<double>(*answer["from"].integer()) / 1000,
              static_cast<double>(now() - 900), 1.5);
  EXPECT_GE(answer["series"].items()[0]["points"].items().size(), 899u);
}

TEST_F(SeriesTest, a_step_is_a_multiple_of_what_is_kept_so_that_each_has_equally_much) {
  add_service("users");
  traffic("users", 100, 10);
  pass(1100s);
  start();
  Json answer =
      ask_series("service=users&name=rate&step=20&from=" + std::to_string((now() - 1200) * 1000));
  EXPECT_EQ(answer["step"].integer(), 20);
  double sum = 0;
  std::size_t tens = 0;
  for (auto& point : answer["series"].items()[0]["points"].items()) {
    sum += point.number().value_or(0) * 20;
    tens += point.number() == 10.0 ? 1 : 0;
  }
  EXPECT_EQ(sum, 1000);
  EXPECT_GE(tens, 4u);
}

TEST_F(SeriesTest, by_path_there_is_a_line_for_each) {
  add_service("users");
  start();
  request("users", 200, 2ms, "web", "/users/17");
  request("users", 500, 2ms, "web", "/users/18");
  request("users", 200, 2ms, "web", "/users");
  next_second();
  Json answer = ask_series(last(1, "name=rate,errors,p50&by=path"));
  std::map<std::string, std::string> found;
  for (auto& line : answer["series"].items()) {
    found[std::string(line["name"].string_or("")) + " " +
          std::string(line["labels"]["path"].string_or(""))] = line["points"].text();
    EXPECT_EQ(line["labels"]["service"].string_or(""), "users");
  }
  ASSERT_EQ(found.size(), 6u);
  EXPECT_EQ(found["rate /users/:id"], "[2]");
  EXPECT_EQ(found["errors /users/:id"], "[0.5]");
  EXPECT_EQ(found["errors /users"], "[0]");
  EXPECT_EQ(get("/v1/series?name=bytes_in&by=path").status, 400);
}

TEST_F(SeriesTest, a_riemann_clients_metric_is_found_by_its_name) {
  add_service("users");
  start();
  for (auto* host : {"a", "b"}) {
    observe::Event event;
    event.host = host;
    event.service = "gift.value";
    event.metric = host[0] == 'a' ? 42.5 : 7;
    event.time = clock.wall();
    observer.note(event);
  }
  next_second();
  next_second();
  Json answer = ask_series("name=gift.value&step=1&from=" + std::to_string((now() - 2) * 1000));
  ASSERT_EQ(answer["series"].items().size(), 2u);
  EXPECT_EQ(answer["series"].items()[0]["labels"].text(), R"({"host":"a"})");
  EXPECT_EQ(answer["series"].items()[0]["points"].text(), "[42.5,null]");
  auto wrong = get("/v1/series?name=gift.valu");
  EXPECT_EQ(wrong.status, 404);
  EXPECT_EQ(wrong.detail(), "there is no series 'gift.valu'; did you mean 'gift.value'?");
  EXPECT_EQ(get("/v1/series?name=p55").detail(), "there is no series 'p55'; did you mean 'p50'?");
}

TEST_F(SeriesTest, names_are_told_with_their_units_and_services) {
  add_service("users");
  start();
  request("users");
  observer.note_log_line("worker", "hello");
  observe::Event event;
  event.host = "a";
  event.service = "gift.value";
  event.metric = 1;
  event.time = clock.wall();
  observer.note(event);
  next_second();
  std::map<std::string, std::string> names;
  for (auto& each : get("/v1/series/names").json()["names"].items()) {
    names[std::string(each["name"].string_or(""))] =
        std::string(each["unit"].string_or("?")) + " " + each["services"].text();
  }
  EXPECT_EQ(names["p50"], R"(s ["users"])");
  EXPECT_EQ(names["rate"], R"(1/s ["users"])");
  EXPECT_EQ(names["log_errors"], R"(1/s ["worker"])");
  EXPECT_EQ(names["gift.value"], " []");
}

TEST_F(SeriesTest, deploys_and_returns_in_the_range_are_marked) {
  auto& users = desired("users");
  auto roll = [&](std::uint64_t from, std::uint64_t to, bool automatic) {
    pass(20s);
    placement::Rollout rollout;
    rollout.from = from;
    rollout.to = to;
    rollout.automatic = automatic;
    rollout.started = clock.wall();
    users.rollouts.push_back(rollout);
  };
  roll(0, 1, false);
  pass(100s);
  roll(1, 2, false);
  roll(2, 2, false);  // a restart
  roll(2, 1, true);
  put(users);
  start();
  next_second();
  Json marks = ask_series(last(60, "name=rate"))["marks"];
  ASSERT_EQ(marks.items().size(), 2u);
  EXPECT_EQ(marks.items()[0].text(), R"({"time":)" +
                                         std::to_string(milliseconds(users.rollouts[1].started)) +
                                         R"(,"kind":"deploy","service":"users","version":2})");
  EXPECT_EQ(marks.items()[1]["kind"].string_or(""), "rollback");
  EXPECT_EQ(marks.items()[1]["version"].integer(), 1);
}

TEST_F(SeriesTest, too_much_is_refused_with_what_to_do) {
  add_service("users");
  start();
  next_second();
  auto points = get("/v1/series?name=rate&step=1&from=" + std::to_string((now() - 20'000) * 1000));
  EXPECT_EQ(points.status, 200);  // answered in steps of ten seconds
  auto many = get("/v1/series?name=rate&step=60&from=0");
  EXPECT_EQ(many.status, 400);
  EXPECT_THAT(many.detail(), testing::HasSubstr("ask for a larger 'step'"));
  for (int i = 0; i < 201; ++i) request("s" + std::to_string(i));
  next_second();
  auto lines = get("/v1/series?name=rate");
  EXPECT_EQ(lines.status, 400);
  EXPECT_THAT(lines.detail(), testing::HasSubstr("200 are the most of one answer"));
}

}  // namespace
}  // namespace berth::console
