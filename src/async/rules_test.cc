#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "async/deferred.h"

// The rules of a Deferred as docs/async.md numbers them, as far as no other test here holds them;
// and that each rule there names a test that exists.

namespace berth {
namespace {

std::size_t turn() {
  std::size_t ran = 0;
  while (std::size_t now = ReadyList::current().run()) ran += now;
  return ran;
}

std::vector<std::string> reports;
struct Rules : ::testing::Test {
  Rules() {
    reports.clear();
    set_unhandled_error_sink(
        [](const Error& error) { reports.push_back(error.text() + " (" + error.where() + ")"); });
  }
  ~Rules() override { set_unhandled_error_sink(nullptr); }
};

static_assert(!std::is_copy_constructible_v<Deferred<int>>);
static_assert(!std::is_copy_assignable_v<Deferred<int>>);
static_assert(std::is_nothrow_move_constructible_v<Deferred<int>>);

TEST_F(Rules, a_scalar_that_is_there_already_needs_no_state) {
  struct Soon {
    static Deferred<int> answer() { co_return 7; }
    static Deferred<void> nothing() { co_return; }
  };
  std::size_t fresh = detail::frame_pool.fresh;
  Deferred<int> held = ready(5);
  held = resolved(Result<int>(6));
  EXPECT_EQ(detail::frame_pool.fresh, fresh);
  EXPECT_FALSE(held.pending());
  EXPECT_EQ(*held.take(), 6);
  EXPECT_FALSE(held.valid());
  held = Soon::answer();
  Deferred<void> done = Soon::nothing();
  EXPECT_LE(detail::frame_pool.fresh, fresh + 2) << "two frames at most";
  Deferred<int> moved = std::move(held);
  moved.cancel();  // comes too late
  EXPECT_EQ(*moved.take(), 7);
  EXPECT_TRUE(done.take().ok());
}

TEST_F(Rules, a_deferred_has_one_consumer_and_is_moved_to_it) {
  Promise<int> promise;
  Deferred<int> first = promise.deferred();
  Deferred<int> second = std::move(first);
  promise.callback(1);
  EXPECT_EQ(second.take().value(), 1);
  EXPECT_FALSE(second.valid());
}

TEST_F(Rules, firing_twice_crashes) {
  EXPECT_DEATH(
      {
        Promise<int> promise;
        promise.callback(1);
        promise.callback(2);
      },
      "resolved twice");
}

TEST_F(Rules, no_callback_runs_within_the_call_that_hangs_or_fires_it) {
  int calls = 0;
  auto count = [&](int value) {
    ++calls;
    return value;
  };
  Deferred<int> fired_before = ready(1).then(count);
  Promise<int> promise;
  Deferred<int> fired_after = promise.deferred().then(count);
  promise.callback(2);
  EXPECT_EQ(calls, 0);
  turn();
  EXPECT_EQ(calls, 2);
}

TEST_F(Rules, values_pass_errbacks_by_and_errors_pass_callbacks_by) {
  int calls = 0;
  auto errback = [&](Error) {
    ++calls;
    return 0;
  };
  auto callback = [&](int value) {
    ++calls;
    return value;
  };
  Deferred<int> value = ready(4).or_else(errback).or_else(errback);
  Deferred<int> error = failed<int>(Error(Code::io, "x")).then(callback).then(callback);
  turn();
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(value.take().value(), 4);
  EXPECT_EQ(error.take().error().text(), "x");
}

TEST_F(Rules, an_errback_hears_nothing_of_the_callback_beside_it_but_of_those_before_it) {
  auto fail = [](int) -> Result<int> { return Error(Code::invalid, "made here"); };
  auto recover = [](Error) -> Result<int> { return -1; };
  Deferred<int> beside = ready(1).then(fail, recover);
  Deferred<int> before = ready(1).then(fail).or_else(recover);
  turn();
  EXPECT_EQ(beside.take().error().text(), "made here");
  EXPECT_EQ(before.take().value(), -1);
}

TEST_F(Rules, hops_that_answer_at_once_are_one_entry_in_the_ready_list) {
  auto add = [](int value) { return value + 1; };
  Promise<int> promise;
  Deferred<int> sum = promise.deferred().then(add).then(add).then(add).then(add);
  promise.callback(0);
  EXPECT_EQ(turn(), 1u);
  EXPECT_EQ(sum.take().value(), 4);
}

TEST_F(Rules, result_yields_the_error_and_the_coroutine_goes_on) {
  struct Run {
    static Deferred<std::string> go(Deferred<int> source) {
      auto result = co_await std::move(source).result();
      co_return result.ok() ? "good" : "went on after " + result.error().text();
    }
  };
  EXPECT_EQ(Run::go(failed<int>(Error(Code::io, "x"))).take().value(), "went on after x");
}

TEST_F(Rules, callbacks_and_coroutines_mix_in_one_chain) {
  struct Run {
    static Deferred<int> twice(Deferred<int> source) { co_return 2 * co_await std::move(source); }
  };
  Promise<int> promise;
  Deferred<int> mixed = promise.deferred()
                            .then([](int value) { return Run::twice(ready(value)); })
                            .then([](int value) { return value + 1; });
  Deferred<int> result = Run::twice(std::move(mixed));
  promise.callback(3);
  turn();
  EXPECT_EQ(result.take().value(), 14);
}

TEST_F(Rules, firing_after_the_consumer_let_go_does_nothing) {
  for (bool drop : {false, true}) {
    Promise<int> promise;
    Deferred<int> waiting = promise.deferred();
    drop ? waiting.reset() : waiting.cancel();
    promise.callback(1);
    promise.callback(2);
    if (drop) continue;
    EXPECT_TRUE(waiting.take().error().is(Code::cancelled));
  }
  EXPECT_TRUE(reports.empty());
}

TEST_F(Rules, an_unhandled_error_is_reported_once_with_where_it_arose) {
  auto pass = [](int value) { return value; };
  {
    Deferred<int> chain = failed<int>(Error(Code::io, "lost")).then(pass).then(pass);
    turn();
  }
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_TRUE(reports[0].starts_with("lost (") && reports[0].contains("rules_test.cc:"));
}

TEST_F(Rules, cancelled_is_never_reported) {
  Promise<int> promise;
  {
    Deferred<int> waiting = promise.deferred().then([](int value) { return value; });
    waiting.cancel();
    turn();
  }
  EXPECT_TRUE(reports.empty());
}

TEST_F(Rules, an_error_that_an_errback_took_is_not_reported) {
  {
    Deferred<void> handled = failed<int>(Error(Code::io, "x")).then([](int) {}, [](Error) {});
    turn();
  }
  EXPECT_TRUE(reports.empty());
}

std::set<std::string> tests_here() {
  std::set<std::string> names;
  auto& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    auto& suite = *all.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) {
      names.insert(std::string(suite.name()) + "." + suite.GetTestInfo(k)->name());
    }
  }
  return names;
}

TEST(Documentation, each_rule_names_a_test_that_exists) {
  std::ifstream file(BERTH_SOURCE "/docs/async.md");
  std::set<std::string> known = tests_here();
  int rules = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| ") || line.find_first_of("0123456789") != 2) continue;
    ++rules;
    EXPECT_TRUE(line.starts_with("| " + std::to_string(rules) + " |")) << line;
    std::size_t end = line.rfind('`');
    std::size_t begin = end == std::string::npos ? end : line.rfind('`', end - 1);
    ASSERT_NE(begin, std::string::npos) << line;
    std::string name = line.substr(begin + 1, end - begin - 1);
    EXPECT_TRUE(known.contains(name)) << name;
  }
  EXPECT_GT(rules, 30);
}

}  // namespace
}  // namespace berth
