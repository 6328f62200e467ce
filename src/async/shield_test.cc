#include "async/shield.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace berth {
namespace {

void turn() {
  while (ReadyList::current().run() > 0) {
  }
}

TEST(Shield, passes_values_and_errors_on) {
  Promise<int> good, bad;
  Deferred<int> first = shielded(good.deferred());
  Deferred<int> second = shielded(bad.deferred());
  good.callback(1);
  bad.errback(Error(Code::io, "x"));
  turn();
  EXPECT_EQ(first.take().value(), 1);
  EXPECT_EQ(second.take().error().text(), "x");
}

TEST(Shield, keeps_a_cancel_away_and_passes_a_drop_on) {
  Promise<int> promise;
  Deferred<int> work = shielded(promise.deferred());
  work.cancel();
  EXPECT_TRUE(promise.wanted());
  EXPECT_TRUE(work.pending());
  work.reset();
  EXPECT_FALSE(promise.wanted());
}

Deferred<int> say_goodbye(Deferred<void> work, Deferred<int> goodbye) {
  std::ignore = co_await std::move(work).result();
  co_return co_await shielded(std::move(goodbye));
}

TEST(Shield, lets_a_cancelled_coroutine_wait_for_its_last_work) {
  Promise<void> work;
  Promise<int> goodbye;
  Deferred<int> running = say_goodbye(work.deferred(), goodbye.deferred());
  running.cancel();
  turn();
  EXPECT_TRUE(running.pending());
  goodbye.callback(5);
  turn();
  EXPECT_EQ(running.take().value(), 5);
}

TEST(Shield, lets_an_errback_wait_after_a_cancel) {
  Promise<void> work;
  Promise<int> goodbye;
  Deferred<int> chain = work.deferred().then([] { return 0; }).or_else([&](Error) {
    return shielded(goodbye.deferred());
  });
  chain.cancel();
  turn();
  EXPECT_TRUE(chain.pending());
  goodbye.callback(5);
  turn();
  EXPECT_EQ(chain.take().value(), 5);
}

}  // namespace
}  // namespace berth
