#include "async/gather.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace berth {
namespace {

void turn() {
  while (ReadyList::current().run() > 0) {
  }
}

TEST(Gather, nothing_is_gathered_at_once) {
  Deferred<std::vector<int>> none = gather_results(std::vector<Deferred<int>>());
  turn();
  EXPECT_TRUE(none.take().value().empty());
  EXPECT_TRUE(gather_all(std::vector<Deferred<int>>()).take().value().empty());
}

TEST(Gather, values_that_only_move_are_gathered) {
  Deferred<std::vector<std::unique_ptr<int>>> all =
      gather_results(together(ready(std::make_unique<int>(1)), ready(std::make_unique<int>(2))));
  turn();
  EXPECT_EQ(*all.take().value()[1], 2);
}

TEST(Gather, all_tells_good_and_bad_in_order) {
  Promise<int> a, b;
  auto all = gather_all(together(a.deferred(), b.deferred(), ready(3)));
  b.errback(Error(Code::io, "b"));
  turn();
  EXPECT_TRUE(all.pending());
  a.callback(1);
  turn();
  auto results = all.take().value();
  EXPECT_EQ(results[0].value(), 1);
  EXPECT_EQ(results[1].error().message(), "b");
  EXPECT_EQ(results[2].value(), 3);
}

struct Noted {
  explicit Noted(int& count) : count_(count) { ++count_; }
  Noted(const Noted&) = delete;
  ~Noted() { --count_; }
  int& count_;
};

Deferred<int> count_steps(Deferred<int> source, int& alive) {
  Noted noted(alive);
  auto result = co_await std::move(source).result();
  Promise<void> never;
  std::ignore = co_await never.deferred().result();
  co_return co_await or_return(std::move(result));
}

TEST(Gather, the_first_error_is_told_when_those_it_cancelled_have_ended) {
  Promise<int> a, b;
  int alive = 0;
  bool ended = false;
  Deferred<std::vector<int>> all =
      gather_results(together(a.deferred(), count_steps(b.deferred(), alive)));
  Deferred<void> told = std::move(all).then([](std::vector<int>) {},
                                            [&](Error error) {
                                              EXPECT_EQ(error.message(), "gone");
                                              EXPECT_EQ(alive, 0);
                                              ended = true;
                                            });
  a.errback(Error(Code::reset, "gone"));
  turn();
  EXPECT_TRUE(ended);
}

TEST(Gather, cancel_and_drop_reach_every_member) {
  for (bool drop : {false, true}) {
    Promise<int> a, b, c, d;
    Deferred<std::vector<Result<int>>> all = gather_all(together(a.deferred(), b.deferred()));
    Deferred<First<int>> first = race(together(c.deferred(), d.deferred()));
    if (drop) {
      all.reset();
      first.reset();
    } else {
      all.cancel();
      first.cancel();
    }
    EXPECT_FALSE(a.wanted() || b.wanted() || c.wanted() || d.wanted());
    turn();
    if (drop) continue;
    auto results = all.take().value();
    for (auto& result : results) EXPECT_TRUE(result.error().is(Code::cancelled));
    EXPECT_TRUE(first.take().value().result.error().is(Code::cancelled));
  }
}

TEST(Gather, drop_while_a_member_is_about_to_be_heard) {
  Promise<int> a, b;
  Deferred<std::vector<int>> all = gather_results(together(a.deferred(), b.deferred()));
  a.callback(1);
  all.reset();
  turn();
  EXPECT_FALSE(b.wanted());
}

TEST(Gather, a_member_that_is_cancelled_may_take_down_the_whole) {
  Promise<int> a;
  auto b = std::make_unique<Promise<int>>();
  Deferred<First<int>> first = race(together(a.deferred(), b->deferred()));
  b->on_cancel([&] { first.reset(); });
  a.callback(1);
  turn();
  EXPECT_FALSE(first.valid());

  Promise<int> c;
  Promise<int> d;
  auto* all =
      new Deferred<std::vector<Result<int>>>(gather_all(together(c.deferred(), d.deferred())));
  c.on_cancel([&] { all->reset(); });
  all->cancel();
  EXPECT_FALSE(d.wanted());
  delete all;
}

TEST(Gather, a_race_of_those_that_are_over_is_won_by_the_first_of_them) {
  Deferred<First<int>> first = race(together(ready(1), ready(2)));
  turn();
  auto won = first.take().value();
  EXPECT_EQ(won.index, 0u);
  EXPECT_EQ(won.result.value(), 1);
}

TEST(Gather, an_error_may_win_a_race) {
  Promise<int> a, b;
  Deferred<First<int>> first = race(together(a.deferred(), b.deferred()));
  b.errback(Error(Code::io, "b"));
  turn();
  EXPECT_EQ(first.take().value().result.error().message(), "b");
}

}  // namespace
}  // namespace berth
