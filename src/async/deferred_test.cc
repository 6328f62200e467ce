#include "async/deferred.h"

#include <gtest/gtest.h>

#include <string>

#include "async/gather.h"
#include "async/scope.h"
#include "async/sync.h"

namespace berth {
namespace {

void turn() {
  while (ReadyList::current().run() > 0) {
  }
}

struct Noted {
  explicit Noted(int* count) : count_(count) { ++*count_; }
  Noted(const Noted&) = delete;
  ~Noted() { --*count_; }
  int* count_;
};

Deferred<int> add_one(Deferred<int> source, int* alive) {
  Noted noted(alive);
  int value = co_await std::move(source);
  co_return value + 1;
}

TEST(Deferred, coroutine_starts_at_once_and_resumes_in_a_later_turn) {
  Promise<int> promise;
  int alive = 0;
  Deferred<int> sum = add_one(promise.deferred(), &alive);
  EXPECT_EQ(alive, 1);
  promise.callback(41);
  EXPECT_TRUE(sum.pending());
  turn();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(sum.take().value(), 42);
}

TEST(Deferred, await_of_a_resolved_one_goes_on_without_a_turn) {
  int alive = 0;
  EXPECT_EQ(add_one(ready(1), &alive).take().value(), 2);
}

TEST(Deferred, error_ends_the_coroutine_and_its_locals) {
  Promise<int> promise;
  int alive = 0;
  Deferred<int> sum = add_one(promise.deferred(), &alive);
  promise.errback(Error(Code::refused, "no"));
  turn();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(sum.take().error().message(), "no");
  EXPECT_TRUE(add_one(failed<int>(Error::timed_out()), &alive).take().error().is(Code::timed_out));
}

TEST(Deferred, cancel_travels_to_the_root_and_comes_back_as_an_error) {
  Promise<int> promise;
  bool asked = false;
  promise.on_cancel([&] { asked = true; });
  int alive = 0;
  Deferred<int> sum = add_one(add_one(promise.deferred(), &alive), &alive);
  sum.cancel();
  EXPECT_TRUE(asked);
  turn();
  EXPECT_EQ(alive, 0);
  EXPECT_TRUE(sum.take().error().is(Code::cancelled));
  promise.callback(1);
}

TEST(Deferred, drop_destroys_every_frame_at_once) {
  Promise<int> promise;
  int alive = 0;
  {
    Deferred<int> sum = add_one(add_one(promise.deferred(), &alive), &alive);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
  EXPECT_FALSE(promise.wanted());
}

Deferred<void> drop_self(Deferred<void>* own, Deferred<void> gate, int* alive, bool* after) {
  Noted noted(alive);
  co_await std::move(gate);
  own->reset();
  EXPECT_EQ(*alive, 1);
  Promise<void> never;
  co_await never.deferred();
  *after = true;
}

TEST(Deferred, running_frame_that_is_dropped_goes_at_its_next_suspension) {
  Promise<void> gate;
  int alive = 0;
  bool after = false;
  Deferred<void> own;
  own = drop_self(&own, gate.deferred(), &alive, &after);
  gate.callback();
  turn();
  EXPECT_EQ(alive, 0);
  EXPECT_FALSE(after);
}

TEST(Deferred, chain_turns_values_into_errors_and_back) {
  Promise<int> promise;
  Deferred<std::string> text = promise.deferred()
                                   .then([](int v) { return v * 2; })
                                   .then([](int v) -> Result<int> {
                                     if (v > 10) return Error(Code::invalid, "too much");
                                     return v;
                                   })
                                   .or_else([](Error) { return 7; })
                                   .then([](int v) { return std::to_string(v); });
  promise.callback(30);
  turn();
  EXPECT_EQ(text.take().value(), "7");
}

TEST(Deferred, callback_may_answer_with_a_deferred) {
  Promise<int> first;
  Promise<std::string> second;
  Deferred<std::size_t> length =
      first.deferred().then([&](int) { return second.deferred(); }).then([](std::string s) {
        return s.size();
      });
  first.callback(1);
  turn();
  EXPECT_TRUE(length.pending());
  second.callback("four");
  turn();
  EXPECT_EQ(length.take().value(), 4u);
}

TEST(Deferred, chain_is_awaited_like_any_other) {
  auto run = [](Deferred<int> d) -> Deferred<int> {
    int v =
        co_await std::move(d).then([](int x) { return x + 1; }).then([](int x) { return x * 2; });
    co_return v;
  };
  Promise<int> promise;
  Deferred<int> result = run(promise.deferred());
  promise.callback(3);
  turn();
  EXPECT_EQ(result.take().value(), 8);
}

TEST(Deferred, dropped_chain_cancels_its_source) {
  Promise<int> promise;
  {
    Deferred<int> d = promise.deferred().then([](int v) { return v; });
  }
  EXPECT_FALSE(promise.wanted());
}

std::string reported;
TEST(Deferred, error_that_nobody_took_is_reported) {
  set_unhandled_error_sink([](const Error& error) { reported = error.text(); });
  {
    Deferred<int> lost = failed<int>(Error(Code::io, "disk on fire"));
  }
  EXPECT_EQ(reported, "disk on fire");
  reported.clear();
  {
    Deferred<int> lost = failed<int>(Error::cancelled());
  }
  EXPECT_EQ(reported, "");
  set_unhandled_error_sink(nullptr);
}

TEST(Deferred, or_return_ends_the_coroutine_with_a_plain_results_error) {
  auto run = [](Result<int> r) -> Deferred<int> { co_return co_await or_return(std::move(r)) + 1; };
  EXPECT_EQ(run(4).take().value(), 5);
  EXPECT_TRUE(run(Error::overloaded()).take().error().is(Code::overloaded));
}

TEST(Scope, close_cancels_and_waits_for_the_last) {
  Scope scope;
  Promise<void> slow;
  bool ended = false;
  scope.add([](Deferred<void> d, bool* ended) -> Deferred<void> {
    auto r = co_await std::move(d).result();
    EXPECT_TRUE(r.error().is(Code::cancelled));
    *ended = true;
  }(slow.deferred(), &ended));
  Deferred<void> closed = scope.close();
  EXPECT_FALSE(ended);
  turn();
  EXPECT_TRUE(ended);
  EXPECT_TRUE(closed.take().ok());
}

TEST(Gather, results_keep_their_order_and_the_first_error_cancels_the_others) {
  Promise<int> a, b;
  auto both = gather_results(together(a.deferred(), b.deferred()));
  Deferred<std::vector<int>> values = std::move(both);
  b.callback(2);
  a.callback(1);
  turn();
  EXPECT_EQ(values.take().value(), (std::vector<int>{1, 2}));

  Promise<int> c, d;
  Deferred<std::vector<int>> failing = gather_results(together(c.deferred(), d.deferred()));
  c.errback(Error(Code::reset, "gone"));
  turn();
  EXPECT_FALSE(d.wanted());
  EXPECT_EQ(failing.take().error().message(), "gone");
}

TEST(Gather, race_answers_with_the_first_and_cancels_the_rest) {
  Promise<int> a, b;
  Deferred<First<int>> first = race(together(a.deferred(), b.deferred()));
  b.callback(9);
  turn();
  auto won = first.take().value();
  EXPECT_EQ(won.index, 1u);
  EXPECT_EQ(won.result.value(), 9);
  EXPECT_FALSE(a.wanted());
}

TEST(Sync, semaphore_serves_in_order_and_forgets_those_who_left) {
  Semaphore semaphore(1);
  auto first = semaphore.acquire().take().value();
  Deferred<Semaphore::Permit> second = semaphore.acquire();
  Deferred<Semaphore::Permit> third = semaphore.acquire();
  second.reset();
  EXPECT_EQ(semaphore.waiting(), 1u);
  {
    auto gone = std::move(first);
  }
  EXPECT_FALSE(third.pending());
  third.reset();
  EXPECT_EQ(semaphore.free(), 1u);
}

TEST(Sync, queue_pushes_back_when_full) {
  Queue<int> queue(1);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_FALSE(queue.try_push(2));
  Deferred<void> pushed = queue.push(2);
  EXPECT_TRUE(pushed.pending());
  EXPECT_EQ(queue.pop().take().value(), 1);
  turn();
  EXPECT_FALSE(pushed.pending());
  EXPECT_EQ(queue.pop().take().value(), 2);
}

}  // namespace
}  // namespace berth
