#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "async/deferred.h"
#include "async/sync.h"

// Cancelling and dropping at every state that a Deferred can be in.

namespace berth {
namespace {

void turn() {
  while (ReadyList::current().run() > 0) {
  }
}

std::vector<std::string> reports;
struct CancelTest : ::testing::Test {
  CancelTest() {
    reports.clear();
    set_unhandled_error_sink([](const Error& error) { reports.push_back(error.text()); });
  }
  ~CancelTest() override { set_unhandled_error_sink(nullptr); }
};

/// Says when a frame or a callback is gone.
struct Noted {
  explicit Noted(int& count) : count_(&count) { ++*count_; }
  Noted(Noted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  ~Noted() {
    if (count_) --*count_;
  }
  int* count_;
};

Deferred<int> pass(Deferred<int> source, int& alive) {
  Noted noted(alive);
  co_return co_await std::move(source);
}

Deferred<void> sum_up(Queue<int>& queue, int& sum) {
  for (;;) {
    auto item = co_await queue.pop().result();
    if (item.ok()) sum += *item;
    Promise<void> later;
    co_await later.deferred();
  }
}

TEST_F(CancelTest, a_coroutine_that_was_about_to_go_on_is_cancelled_at_its_next_wait) {
  Queue<int> queue(10);
  int sum = 0;
  Deferred<void> running = sum_up(queue, sum);
  EXPECT_TRUE(queue.try_push(4));  // resolved: the coroutine is in the ready list
  running.cancel();
  turn();
  EXPECT_EQ(sum, 4);
  ASSERT_FALSE(running.pending());
  EXPECT_TRUE(running.take().error().is(Code::cancelled));
}

Deferred<int> retry_for_ever(std::vector<Promise<int>>& tries) {
  for (;;) {
    tries.emplace_back();
    auto tried = co_await tries.back().deferred().result();
    if (tried.ok()) co_return *tried;
    tries.emplace_back();
    std::ignore = co_await tries.back().deferred();  // a pause
  }
}

TEST_F(CancelTest, a_loop_that_looks_at_errors_ends_when_it_is_cancelled) {
  std::vector<Promise<int>> tries;
  tries.reserve(10);
  Deferred<int> running = retry_for_ever(tries);
  running.cancel();
  turn();
  ASSERT_FALSE(running.pending());
  EXPECT_TRUE(running.take().error().is(Code::cancelled));
  EXPECT_EQ(tries.size(), 2u);
}

Deferred<int> cancel_self(Deferred<int>* own, Deferred<void> gate, Deferred<int> next) {
  co_await std::move(gate);
  own->cancel();
  co_return co_await std::move(next);
}

TEST_F(CancelTest, a_running_coroutine_that_is_cancelled_finds_its_next_wait_cancelled) {
  Promise<void> gate;
  Promise<int> next;
  Deferred<int> own;
  own = cancel_self(&own, gate.deferred(), next.deferred());
  gate.callback();
  turn();
  EXPECT_TRUE(own.take().error().is(Code::cancelled));
  EXPECT_FALSE(next.wanted());
}

TEST_F(CancelTest, cancel_after_the_result_changes_nothing) {
  Promise<int> promise;
  int alive = 0;
  Deferred<int> passed = pass(promise.deferred(), alive);
  promise.callback(1);
  turn();
  passed.cancel();
  passed.cancel();
  EXPECT_EQ(passed.take().value(), 1);
}

TEST_F(CancelTest, twice_cancelled_is_cancelled_once) {
  Promise<int> promise;
  int asked = 0;
  promise.on_cancel([&] { ++asked; });
  int alive = 0;
  Deferred<int> passed = pass(promise.deferred(), alive);
  passed.cancel();
  passed.cancel();
  turn();
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(passed.take().error().is(Code::cancelled));
}

TEST_F(CancelTest, dropped_while_about_to_go_on_a_coroutine_never_does) {
  Promise<int> promise;
  int alive = 0;
  Deferred<int> passed = pass(promise.deferred(), alive);
  promise.callback(1);
  passed.reset();
  EXPECT_EQ(alive, 0);
  turn();
  EXPECT_TRUE(reports.empty());
}

TEST_F(CancelTest, an_error_that_had_arrived_at_a_dropped_coroutine_is_reported) {
  Promise<int> promise;
  int alive = 0;
  Deferred<int> passed = pass(promise.deferred(), alive);
  promise.errback(Error(Code::io, "lost"));
  passed.reset();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(reports, std::vector<std::string>{"lost"});
}

Deferred<void> look_at(Deferred<int> source) { std::ignore = co_await std::move(source).result(); }

TEST_F(CancelTest, a_dropped_coroutine_that_asked_for_the_result_has_heard_of_the_error) {
  Promise<int> promise;
  Deferred<void> looking = look_at(promise.deferred());
  promise.errback(Error(Code::io, "lost"));
  looking.reset();
  EXPECT_TRUE(reports.empty());
}

Deferred<int> wait_in_place(Deferred<int>& kept) { co_return co_await kept.in_place(); }

TEST_F(CancelTest, what_is_awaited_in_place_may_be_cancelled_by_whoever_keeps_it) {
  Promise<int> first, second;
  Deferred<int> kept = first.deferred();
  Deferred<int> waiting = wait_in_place(kept);
  kept.cancel();
  turn();
  EXPECT_TRUE(waiting.take().error().is(Code::cancelled));
  EXPECT_FALSE(kept.valid());
  kept = second.deferred();
  waiting = wait_in_place(kept);
  waiting.reset();
  EXPECT_FALSE(second.wanted());
  EXPECT_FALSE(kept.valid());
}

Deferred<int> or_seven(Deferred<int>& kept) {
  auto result = co_await kept.result_in_place();
  co_return result.ok() ? *result : 7;
}

TEST_F(CancelTest, what_is_awaited_in_place_may_answer_with_its_result) {
  Promise<int> first, second;
  Deferred<int> kept = first.deferred();
  Deferred<int> waiting = or_seven(kept);
  kept.cancel();
  turn();
  EXPECT_EQ(waiting.take().value(), 7);
  EXPECT_FALSE(kept.valid());
  kept = second.deferred();
  waiting = or_seven(kept);
  second.callback(3);
  turn();
  EXPECT_EQ(waiting.take().value(), 3);
}

TEST_F(CancelTest, an_error_after_the_drop_is_silent) {
  Promise<int> promise;
  promise.deferred().reset();
  promise.errback(Error(Code::io, "late"));
  EXPECT_TRUE(reports.empty());
}

TEST_F(CancelTest, an_error_fired_into_a_promise_whose_deferred_nobody_took_is_reported) {
  {
    Promise<int> promise;
    promise.errback(Error(Code::io, "nobody looked"));
  }
  EXPECT_EQ(reports, std::vector<std::string>{"nobody looked"});
}

TEST_F(CancelTest, a_promise_that_goes_unfired_answers_cancelled) {
  Deferred<int> left;
  {
    Promise<int> promise;
    left = promise.deferred();
  }
  EXPECT_TRUE(left.take().error().is(Code::cancelled));
}

TEST_F(CancelTest, the_hook_of_a_promise_may_destroy_the_promise) {
  for (bool drop : {false, true}) {
    auto promise = std::make_unique<Promise<int>>();
    Deferred<int> waiting = promise->deferred();
    promise->on_cancel([&] { promise.reset(); });
    if (drop) {
      waiting.reset();
    } else {
      waiting.cancel();
      EXPECT_TRUE(waiting.take().error().is(Code::cancelled));
    }
    EXPECT_EQ(promise, nullptr);
  }
}

TEST_F(CancelTest, a_promise_may_answer_from_its_hook_only_with_cancelled) {
  Promise<int> promise;
  Deferred<int> waiting = promise.deferred();
  promise.on_cancel([&] { promise.callback(1); });
  waiting.cancel();
  EXPECT_TRUE(waiting.take().error().is(Code::cancelled));
}

TEST_F(CancelTest, a_callback_may_drop_its_own_chain) {
  Promise<int> promise;
  Deferred<int> chain;
  int calls = 0;
  chain = promise.deferred().then([&](int v) {
    ++calls;
    chain.reset();
    return v;
  });
  promise.callback(1);
  turn();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(chain.valid());
}

TEST_F(CancelTest, a_callback_that_answers_later_may_drop_its_own_chain) {
  Promise<int> promise;
  Promise<int> inner;
  Deferred<int> chain;
  chain = promise.deferred().then([&](int) {
    chain.reset();
    return inner.deferred();
  });
  promise.callback(1);
  turn();
  EXPECT_FALSE(inner.wanted());
}

TEST_F(CancelTest, a_callback_may_cancel_its_own_chain) {
  Promise<int> first;
  Promise<int> inner;
  Deferred<int> chain;
  chain = first.deferred().then([&](int) {
    chain.cancel();
    return inner.deferred();
  });
  first.callback(1);
  turn();
  EXPECT_FALSE(inner.wanted());
  EXPECT_TRUE(chain.take().error().is(Code::cancelled));

  Promise<int> second;
  Deferred<int> plain;
  plain = second.deferred().then([&](int v) {
    plain.cancel();
    return v;
  });
  second.callback(2);
  turn();
  EXPECT_EQ(plain.take().value(), 2);  // it had happened already
}

TEST_F(CancelTest, a_chain_that_was_about_to_call_back_does_not_once_it_is_dropped) {
  Promise<int> promise;
  int held = 0;
  int calls = 0;
  Deferred<int> chain = promise.deferred().then([&calls, noted = Noted(held)](int v) {
    ++calls;
    return v;
  });
  promise.callback(1);
  chain.reset();
  turn();
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(held, 0);
}

TEST_F(CancelTest, cancel_reaches_what_a_callback_answered_with) {
  Promise<int> first;
  Promise<int> inner;
  Deferred<int> chain = first.deferred().then([&](int) { return inner.deferred(); });
  first.callback(1);
  turn();
  EXPECT_TRUE(inner.wanted());
  chain.cancel();
  EXPECT_FALSE(inner.wanted());
  turn();
  EXPECT_TRUE(chain.take().error().is(Code::cancelled));
}

TEST_F(CancelTest, a_chain_cancelled_between_its_source_and_its_callback_cancels_what_follows) {
  Promise<int> first;
  Promise<int> inner;
  Deferred<int> chain = first.deferred().then([&](int) { return inner.deferred(); });
  first.callback(1);
  chain.cancel();
  turn();
  EXPECT_TRUE(chain.take().error().is(Code::cancelled));
  EXPECT_FALSE(inner.wanted());
}

TEST_F(CancelTest, an_errback_hears_of_the_cancel_and_may_answer_otherwise) {
  Promise<int> promise;
  Deferred<int> chain = promise.deferred().or_else([](Error error) -> Result<int> {
    if (error.is(Code::cancelled)) return -1;
    return error;
  });
  chain.cancel();
  turn();
  EXPECT_EQ(chain.take().value(), -1);
}

TEST_F(CancelTest, finally_runs_on_value_error_and_cancel_but_not_on_drop) {
  int ran = 0;
  auto count = [&] { ++ran; };
  Deferred<int> value = ready(1).finally(count);
  Deferred<int> error = failed<int>(Error(Code::io, "x")).finally(count);
  Promise<int> a, b;
  Deferred<int> cancelled = a.deferred().finally(count);
  Deferred<int> dropped = b.deferred().finally(count);
  cancelled.cancel();
  dropped.reset();
  turn();
  EXPECT_EQ(ran, 3);
  EXPECT_EQ(value.take().value(), 1);
  EXPECT_TRUE(error.take().error().is(Code::io));
  EXPECT_TRUE(cancelled.take().error().is(Code::cancelled));
}

Deferred<void> wait_and_note(Deferred<void> gate, std::vector<int>& order, int id) {
  co_await std::move(gate);
  order.push_back(id);
}

TEST_F(CancelTest, one_completion_may_drop_another_that_is_ready_too) {
  Promise<void> a, b;
  std::vector<int> order;
  Deferred<void> second;
  Deferred<void> first = a.deferred().then([&] {
    order.push_back(1);
    second.reset();
  });
  second = wait_and_note(b.deferred(), order, 2);
  a.callback();
  b.callback();
  turn();
  EXPECT_EQ(order, std::vector<int>{1});
}

TEST_F(CancelTest, deep_chains_of_coroutines_end_in_turns_not_on_the_stack) {
  Promise<int> root;
  int alive = 0;
  Deferred<int> top = root.deferred();
  for (int i = 0; i < 20'000; ++i) top = pass(std::move(top), alive);
  root.callback(7);
  turn();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(top.take().value(), 7);
}

TEST_F(CancelTest, an_abandoned_frame_that_ends_without_waiting_again_is_silent) {
  Promise<void> gate;
  Deferred<int> own;
  struct Run {
    static Deferred<int> go(Deferred<int>* own, Deferred<void> gate) {
      co_await std::move(gate);
      own->reset();
      co_return Error(Code::io, "nobody is there to hear it");
    }
  };
  own = Run::go(&own, gate.deferred());
  gate.callback();
  turn();
  EXPECT_TRUE(reports.empty());
}

TEST_F(CancelTest, moving_a_deferred_onto_another_drops_the_other) {
  Promise<int> a, b;
  Deferred<int> first = a.deferred();
  Deferred<int> second = b.deferred();
  first = std::move(second);
  EXPECT_FALSE(a.wanted());
  EXPECT_TRUE(b.wanted());
}

}  // namespace
}  // namespace berth
