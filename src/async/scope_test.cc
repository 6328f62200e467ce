#include "async/scope.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace berth {
namespace {

void turn() {
  while (ReadyList::current().run() > 0) {
  }
}

std::vector<std::string> reports;
struct ScopeTest : ::testing::Test {
  ScopeTest() {
    reports.clear();
    set_unhandled_error_sink([](const Error& error) { reports.push_back(error.text()); });
  }
  ~ScopeTest() override { set_unhandled_error_sink(nullptr); }
};

struct Noted {
  explicit Noted(int& count) : count_(count) { ++count_; }
  Noted(const Noted&) = delete;
  ~Noted() { --count_; }
  int& count_;
};

Deferred<void> hold(Deferred<void> gate, int& alive) {
  Noted noted(alive);
  co_await std::move(gate);
}

TEST_F(ScopeTest, forgets_work_that_ended) {
  Scope scope;
  Promise<void> a, b;
  scope.add(a.deferred());
  scope.add(b.deferred());
  scope.add(ready());
  EXPECT_EQ(scope.size(), 3u);
  a.callback();
  turn();
  EXPECT_EQ(scope.size(), 1u);
}

TEST_F(ScopeTest, reports_an_error_but_no_cancellation) {
  Scope scope;
  Promise<void> a;
  scope.add(failed<void>(Error(Code::io, "disk on fire")));
  scope.add(a.deferred());
  auto closed = scope.close();
  turn();
  EXPECT_EQ(reports, std::vector<std::string>{"disk on fire"});
  EXPECT_TRUE(closed.take().ok());
}

TEST_F(ScopeTest, close_of_an_empty_one_is_over_at_once_and_may_be_repeated) {
  Scope scope;
  EXPECT_TRUE(scope.close().take().ok());
  EXPECT_TRUE(scope.close().take().ok());
  EXPECT_TRUE(scope.closing());
}

TEST_F(ScopeTest, several_may_wait_for_the_close_and_one_may_go) {
  Scope scope;
  int alive = 0;
  Promise<void> gate;
  scope.add(hold(gate.deferred(), alive));
  auto first = scope.close();
  auto second = scope.close();
  auto third = scope.close();
  second.reset();
  turn();
  EXPECT_TRUE(first.take().ok());
  EXPECT_TRUE(third.take().ok());
  EXPECT_EQ(alive, 0);
}

TEST_F(ScopeTest, work_added_while_closing_is_cancelled_and_waited_for) {
  Scope scope;
  Promise<void> a, b;
  scope.add(a.deferred());
  auto closed = scope.close();
  int alive = 0;
  scope.add(hold(b.deferred(), alive));
  EXPECT_FALSE(b.wanted());
  EXPECT_TRUE(closed.pending());
  turn();
  EXPECT_TRUE(closed.take().ok());
  EXPECT_EQ(alive, 0);
}

Deferred<void> loop(Scope& scope, std::vector<std::unique_ptr<Promise<void>>>& waits) {
  for (;;) {
    waits.push_back(std::make_unique<Promise<void>>());
    std::ignore = co_await waits.back()->deferred().result();
    if (scope.closing()) co_return;
  }
}

TEST_F(ScopeTest, close_ends_a_loop_that_had_just_been_woken) {
  std::vector<std::unique_ptr<Promise<void>>> waits;
  Scope scope;
  scope.add(loop(scope, waits));
  waits.back()->callback();
  auto closed = scope.close();
  turn();
  EXPECT_TRUE(closed.take().ok());
}

TEST_F(ScopeTest, destroying_drops_what_runs_and_answers_those_who_wait_for_the_close) {
  int alive = 0;
  Promise<void> gate;
  Deferred<void> closed;
  {
    Scope scope;
    scope.add(hold(gate.deferred(), alive));
    scope.add([](Deferred<void> gate, Scope&) -> Deferred<void> {
      std::ignore = co_await std::move(gate).result();
      Promise<void> never;
      std::ignore = co_await never.deferred().result();
    }(Promise<void>().deferred(), scope));
    closed = scope.close();
  }
  EXPECT_EQ(alive, 0);
  EXPECT_TRUE(closed.take().ok());
}

struct Adder {
  Scope& scope;
  int& alive;
  ~Adder() {
    Promise<void> never;
    scope.add(hold(never.deferred(), alive));
  }
};

Deferred<void> hold_adder(Deferred<void> gate, Scope& scope, int& alive) {
  Adder adder{scope, alive};
  co_await std::move(gate);
}

TEST_F(ScopeTest, work_that_adds_work_while_it_is_dropped_leaves_nothing) {
  int alive = 0;
  Promise<void> gate;
  {
    Scope scope;
    scope.add(hold_adder(gate.deferred(), scope, alive));
  }
  EXPECT_EQ(alive, 0);
}

struct Owner {
  explicit Owner(std::unique_ptr<Owner>* slot) : slot(slot) {}
  Deferred<void> run(Deferred<void> gate, int& alive) {
    Noted noted(alive);
    co_await std::move(gate);
    slot->reset();  // destroys this, and the Scope in which this very coroutine runs
    Promise<void> never;
    co_await never.deferred();
    ADD_FAILURE() << "went on after its Scope was gone";
  }
  std::unique_ptr<Owner>* slot;
  Scope scope;
};

TEST_F(ScopeTest, a_task_may_destroy_its_own_scope) {
  int alive = 0;
  Promise<void> gate;
  std::unique_ptr<Owner> owner;
  owner = std::make_unique<Owner>(&owner);
  owner->scope.add(owner->run(gate.deferred(), alive));
  gate.callback();
  turn();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(owner, nullptr);
}

}  // namespace
}  // namespace berth
