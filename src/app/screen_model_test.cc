#include "app/screen_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = Key::Kind;
using Wish = ScreenModel::Wish;

Json shop() {
  return Json::parse(R"({"revision": 5, "time": 1764000000000,
    "system": {"name": "shop", "environment": "dev"},
    "sentence": {"level": "ok", "text": "all 3 healthy"},
    "addresses": [{"name": "web", "url": "http://web.shop.localhost:8080/"}],
    "services": [
      {"name": "orders", "health": "healthy", "wanted": 2, "healthy": 2, "url": "http://orders:7480",
       "requests_per_second": 8.2, "errors_share": 0, "median_seconds": 0.004, "instances": []},
      {"name": "payments", "health": "failing", "why": "answers 500", "wanted": 2, "healthy": 2,
       "url": "http://payments:7480", "requests_per_second": 6, "errors_share": 0.3,
       "median_seconds": 0.04, "instances": []},
      {"name": "products", "health": "healthy", "wanted": 2, "healthy": 2,
       "url": "http://products:7480", "requests_per_second": 1, "errors_share": 0,
       "median_seconds": 0.001, "instances": []}]})")
      .value();
}

class ScreenModelTest : public testing::Test {
 protected:
  ScreenModelTest() { model.set_state(shop()); }

  Wish type(std::string_view letters) {
    Wish last;
    for (char letter : letters) last = model.press({Kind::character, letter});
    return last;
  }
  Wish press(Kind kind) { return model.press({kind}); }
  std::string shown(std::size_t rows = 24) {
    auto lines = model.lines(Style{false, 80}, rows);
    EXPECT_LE(lines.size(), rows);
    return joined(lines);
  }
  void log(int number) {
    Json line = Json::object();
    line.set("time", 1764000000000 + number);
    line.set("instance", "orders/1");
    line.set("text", "line " + std::to_string(number) + ".");
    model.add_log(std::move(line));
  }

  ScreenModel model{true};
};

TEST_F(ScreenModelTest, shows_the_first_screen_with_its_keys) {
  EXPECT_THAT(shown(), HasSubstr("shop · dev · all 3 healthy"));
  EXPECT_THAT(shown(), HasSubstr("l logs · i inspect · o open · r restart · ? help · Ctrl-C stop"));
  EXPECT_THAT(joined(ScreenModel(false).lines(Style{}, 24)), HasSubstr("q end"));
}

TEST_F(ScreenModelTest, leaves_at_q_on_the_first_page_and_at_ctrl_c_on_any) {
  EXPECT_EQ(type("q").kind, Wish::Kind::leave);
  type("?");
  EXPECT_EQ(type("q").kind, Wish::Kind::nothing);
  EXPECT_THAT(shown(), HasSubstr("all 3 healthy"));
  type("l");
  EXPECT_EQ(press(Kind::interrupt).kind, Wish::Kind::leave);
}

TEST_F(ScreenModelTest, a_service_is_chosen_by_its_first_letters) {
  type("lp");
  EXPECT_THAT(shown(), HasSubstr("logs of which service? p\n"));
  EXPECT_THAT(shown(), Not(HasSubstr("orders")));
  type("r");
  press(Kind::enter);
  EXPECT_EQ(model.logs_of(), "products");
  EXPECT_EQ(model.inspected(), "");
  press(Kind::escape);
  EXPECT_EQ(model.logs_of(), "");
}

TEST_F(ScreenModelTest, a_service_is_chosen_by_the_arrows_and_letters_can_be_taken_back) {
  type("i");
  press(Kind::down);
  press(Kind::down);
  press(Kind::down);
  press(Kind::up);
  EXPECT_THAT(shown(), HasSubstr("> payments"));
  type("xyz");
  EXPECT_THAT(shown(), HasSubstr("no service begins so"));
  EXPECT_EQ(press(Kind::enter).kind, Wish::Kind::nothing);
  for (int i = 0; i < 5; ++i) press(Kind::backspace);
  press(Kind::enter);
  EXPECT_EQ(model.inspected(), "orders");
}

TEST_F(ScreenModelTest, restart_is_a_wish_and_a_note) {
  type("r");
  EXPECT_EQ(press(Kind::escape).kind, Wish::Kind::nothing);
  type("rord");
  Wish wish = press(Kind::enter);
  EXPECT_EQ(wish.kind, Wish::Kind::restart);
  EXPECT_EQ(wish.service, "orders");
  EXPECT_THAT(shown(), HasSubstr("restarting orders\nl logs"));
  press(Kind::up);
  EXPECT_THAT(shown(), Not(HasSubstr("restarting orders")));
  EXPECT_EQ(type("o").kind, Wish::Kind::open);
}

TEST_F(ScreenModelTest, logs_show_the_newest_until_somebody_scrolls_back) {
  type("lo");
  press(Kind::enter);
  for (int i = 0; i < 100; ++i) log(i);
  EXPECT_THAT(shown(), HasSubstr("line 99."));
  EXPECT_THAT(shown(), HasSubstr("as they come"));
  press(Kind::page_up);
  EXPECT_THAT(shown(), HasSubstr("10 lines back"));
  EXPECT_THAT(shown(), HasSubstr("line 89."));
  log(100);
  EXPECT_THAT(shown(), HasSubstr("line 89."));
  EXPECT_THAT(shown(), Not(HasSubstr("line 90.")));
  press(Kind::end);
  EXPECT_THAT(shown(), HasSubstr("line 100."));
  press(Kind::home);
  EXPECT_THAT(shown(), HasSubstr("line 0."));
  press(Kind::page_down);
  EXPECT_THAT(shown(), Not(HasSubstr("line 0.")));
}

TEST_F(ScreenModelTest, only_so_many_log_lines_are_kept) {
  type("lo");
  press(Kind::enter);
  for (std::size_t i = 0; i < ScreenModel::log_lines_max + 10; ++i) log(static_cast<int>(i));
  press(Kind::home);
  EXPECT_THAT(shown(), Not(HasSubstr("line 9.")));
  EXPECT_THAT(shown(), HasSubstr("line 10."));
}

TEST_F(ScreenModelTest, a_service_is_inspected_with_all_that_is_known_of_it) {
  type("ipay");
  press(Kind::enter);
  EXPECT_THAT(shown(), HasSubstr("asking for payments"));
  Json other = Json::object();
  other.set("name", "orders");
  model.set_detail(other);  // came late, of another
  EXPECT_THAT(shown(), HasSubstr("asking for payments"));
  model.set_detail(Json::parse(R"({"name": "payments", "version": 2, "health": "failing",
    "why": "answers 500", "url": "http://payments:7480", "requests_per_second": 6,
    "errors_share": 0.3, "median_seconds": 0.04, "requests": 4711, "errors": 12,
    "spark": [1, 2, 3], "statuses": {"200": 4699, "0": 12},
    "instances": [{"id": "payments/1", "state": "healthy", "version": 2, "host": "laptop",
                   "address": "127.0.0.1:4", "pid": 7, "restarts": 0, "since": 1763999990000}],
    "paths": [{"path": "/charge/:id", "requests_per_second": 6, "errors_share": 0.3,
               "median_seconds": 0.04, "p99_seconds": 1.5}],
    "rollouts": [{"version": 2, "started": 1763999940000, "ended": 1763999945000,
                  "result": "done", "why": ""}],
    "slow": [{"time": 1763999999000, "method": "POST", "path": "/charge/3", "status": 200,
              "seconds": 1.5, "instance": "payments/1", "from": "orders"}]})")
                       .value());
  for (int i = 0; i < 400; ++i) {
    model.add_point(Json::parse(R"({"services": {"payments": {"p50": 0.04}}})").value());
  }
  std::string all = shown(60);
  for (auto* text :
       {"payments · version 2 · failing: answers 500", "4711 requests in all, 12 errors",
        "by status: 200 4699, no answer 12", "payments/1", "/charge/:id", "1.5 s", "1 min ago",
        "POST /charge/3", "median, the last 300 seconds", "50 ms ┤"}) {
    EXPECT_THAT(all, HasSubstr(text));
  }
  for (int i = 0; i < 3; ++i) press(Kind::end);
  EXPECT_THAT(shown(10), Not(HasSubstr("payments · version 2")));
  press(Kind::up);  // who went beyond the end is back at once
  EXPECT_THAT(shown(10), Not(HasSubstr("POST /charge/3")));
}

TEST_F(ScreenModelTest, no_key_and_no_size_breaks_it) {
  std::uint64_t state = 7;
  auto next = [&](std::uint64_t bound) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % bound;
  };
  for (int i = 0; i < 3000; ++i) {
    auto kind = static_cast<Kind>(next(12));
    model.press({kind, "lirho?qpxyz"[next(11)]});
    if (next(20) == 0) log(i);
    if (next(50) == 0) model.set_state(next(2) ? shop() : Json());
    auto lines = model.lines(Style{true, next(100)}, 1 + next(30));
    ASSERT_FALSE(lines.empty());
  }
}

}  // namespace
}  // namespace berth::app
