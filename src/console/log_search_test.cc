#include "console/log_search.h"

#include "console/console_suite.h"

namespace berth::console {
namespace {

using testing::ElementsAre;

/// The console with a store of lines behind it.
struct LogSearchTest : ConsoleTest {
  observe::LogStore lines{world, Log(), {.folder = folder + "/lines"}};

  void SetUp() override {
    ConsoleTest::SetUp();
    ok(lines.open());
    start();
    add_log_search_routes(api->router(), world, lines);
  }
  void TearDown() override {
    ok(lines.close());
    ConsoleTest::TearDown();
  }
  void add(std::int64_t milliseconds, std::string_view service, LogLevel level,
           std::string_view text, std::vector<observe::LogLineField> fields = {}) {
    std::string instance = std::string(service) + "/1";
    lines.append({{SetClock::begin + milliseconds * 1'000'000},
                  "laptop",
                  service,
                  instance,
                  level,
                  text,
                  fields});
  }
  std::vector<std::string> texts(const Json& answer) {
    std::vector<std::string> out;
    for (auto& line : answer["lines"].items()) out.emplace_back(line["text"].string_or(""));
    return out;
  }
};

TEST_F(LogSearchTest, lines_are_found_by_page_newest_first) {
  for (int i = 0; i < 5; ++i) {
    add(i, "orders", i == 3 ? LogLevel::error : LogLevel::info, "order " + std::to_string(i),
        {{"trace", "t" + std::string(1, static_cast<char>('0' + i))}});
  }
  add(9, "users", LogLevel::warning, "slow");
  auto first = get("/v1/logs?q=service:orders&lines=2").json();
  EXPECT_THAT(texts(first), ElementsAre("order 4", "order 3"));
  auto& line = first["lines"].items()[1];
  EXPECT_EQ(line["level"].string_or(""), "error");
  EXPECT_EQ(line["service"].string_or(""), "orders");
  EXPECT_EQ(line["instance"].string_or(""), "orders/1");
  EXPECT_EQ(line["host"].string_or(""), "laptop");
  EXPECT_EQ(line["time"].number().value_or(0), double(SetClock::begin / 1'000'000 + 3));
  EXPECT_EQ(line["fields"]["trace"].string_or(""), "t3");
  std::string more(first["more"].string_or("none"));
  auto second = get("/v1/logs?q=service:orders&lines=10&before=" + more).json();
  EXPECT_THAT(texts(second), ElementsAre("order 2", "order 1", "order 0"));
  EXPECT_TRUE(second["more"].is_null());
  EXPECT_TRUE(second["complete"].boolean().value_or(false));
  auto bounded = get("/v1/logs?from=" + std::to_string(SetClock::begin / 1'000'000 + 2) +
                     "&to=" + std::to_string(SetClock::begin / 1'000'000 + 4));
  EXPECT_THAT(texts(bounded.json()), ElementsAre("order 3", "order 2"));
}

TEST_F(LogSearchTest, the_slowest_come_first_where_they_are_asked_for) {
  for (auto seconds : {"0.1", "2.5", "0.02", "1"}) {
    add(1, "users", LogLevel::info, seconds, {{"kind", "request"}, {"seconds", seconds}});
  }
  auto answer = get("/v1/logs?q=kind=request&lines=3&largest=seconds").json();
  EXPECT_THAT(texts(answer), ElementsAre("2.5", "1", "0.1"));
}

TEST_F(LogSearchTest, a_wrong_query_is_refused_with_its_place_in_characters) {
  for (auto path : {"/v1/logs", "/v1/logs/histogram", "/v1/logs/tail"}) {
    auto answer = get(std::string(path) + "?q=%C3%A4%20level:loud");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.detail(), "a level is error, warn, info or debug");
    EXPECT_EQ(answer.json()["at"].number().value_or(-1), 8);
    EXPECT_EQ(answer.headers["content-type"], "application/problem+json");
  }
  EXPECT_EQ(get("/v1/logs?before=here").status, 400);
  EXPECT_EQ(get("/v1/logs?lines=0").status, 400);
  EXPECT_EQ(get("/v1/logs/histogram?steps=100000").status, 400);
  EXPECT_EQ(ask("GET", "/v1/logs", "", {}).status, 401);
}

TEST_F(LogSearchTest, the_histogram_has_whole_steps_by_level) {
  for (int second = 0; second < 10; ++second) {
    add(second * 1000, "orders", LogLevel::info, "fine");
    add(second * 1000 + 500, "orders", second < 5 ? LogLevel::error : LogLevel::warning, "bad");
  }
  std::int64_t begin = SetClock::begin / 1'000'000;
  auto answer = get("/v1/logs/histogram?q=bad&steps=10&from=" + std::to_string(begin) +
                    "&to=" + std::to_string(begin + 9'999))
                    .json();
  EXPECT_EQ(answer["from"].integer().value_or(0), begin);
  EXPECT_EQ(answer["step"].number().value_or(0), 1000);
  EXPECT_EQ(answer["lines"].number().value_or(0), 10);
  auto& errors = answer["counts"]["error"].items();
  ASSERT_EQ(errors.size(), 10u);
  EXPECT_EQ(errors[4].number().value_or(0), 1);
  EXPECT_EQ(errors[5].number().value_or(1), 0);
  EXPECT_EQ(answer["counts"]["warn"].items()[5].number().value_or(0), 1);
  EXPECT_EQ(answer["counts"]["info"].items()[5].number().value_or(1), 0);
}

TEST_F(LogSearchTest, a_tail_gives_matching_lines_as_they_come) {
  add(0, "orders", LogLevel::error, "before");
  std::string next(std::to_string(lines.next_sequence()));
  add(1, "orders", LogLevel::error, "first");
  auto reader = events("/v1/logs/tail?q=level:error&after=" + next);
  auto event_of = [&](std::string_view name) {
    std::optional<EventReader::Event> event;
    for (int i = 0; i < 200 && !event; ++i) {
      auto part = reader.response.read();
      for (int turns = 0; turns < 100 && part.pending(); ++turns) pass(50ms);
      reader.text += good(std::move(part)).view();
      while ((event = reader.take()) && event->name != name) {
      }
    }
    return event;
  };
  auto first = event_of("line");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->json()["text"].string_or(""), "first");
  add(2, "orders", LogLevel::info, "not this");
  add(3, "users", LogLevel::error, "second");
  auto second = event_of("line");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->json()["text"].string_or(""), "second");
}

}  // namespace
}  // namespace berth::console
