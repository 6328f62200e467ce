#include "async/sync.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace berth {
namespace {

void turn() {
  while (ReadyList::current().run() > 0) {
  }
}

TEST(Queue, room_is_not_forgotten_when_whoever_was_woken_for_it_goes) {
  Queue<int> queue(1);
  ASSERT_TRUE(queue.try_push(1));
  Deferred<void> second = queue.push(2);
  Deferred<void> third = queue.push(3);
  EXPECT_EQ(queue.pop().take().value(), 1);
  second.reset();  // it was woken, and goes before it pushes
  Deferred<int> popped = queue.pop();
  turn();
  EXPECT_TRUE(third.take().ok());
  EXPECT_EQ(popped.take().value(), 3);
}

TEST(Queue, of_size_zero_hands_over_from_push_to_pop) {
  Queue<int> queue(0);
  EXPECT_FALSE(queue.try_push(1));
  Deferred<void> pushed = queue.push(1);
  turn();
  EXPECT_TRUE(pushed.pending());
  Deferred<int> popped = queue.pop();
  turn();
  EXPECT_TRUE(pushed.take().ok());
  EXPECT_EQ(popped.take().value(), 1);
}

TEST(Queue, keeps_the_order_of_items_and_of_takers) {
  Queue<int> queue(10);
  Deferred<int> a = queue.pop();
  Deferred<int> b = queue.pop();
  Deferred<int> gone = queue.pop();
  gone.reset();
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(queue.try_push(i));
  EXPECT_EQ(a.take().value(), 1);
  EXPECT_EQ(b.take().value(), 2);
  EXPECT_EQ(queue.pop().take().value(), 3);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(Queue, a_cancelled_push_or_pop_leaves_nothing) {
  Queue<int> queue(1);
  Deferred<int> popped = queue.pop();
  popped.cancel();
  EXPECT_TRUE(popped.take().error().is(Code::cancelled));
  ASSERT_TRUE(queue.try_push(1));
  Deferred<void> pushed = queue.push(2);
  pushed.cancel();
  turn();
  EXPECT_TRUE(pushed.take().error().is(Code::cancelled));
  EXPECT_EQ(queue.pop().take().value(), 1);
  EXPECT_TRUE(queue.empty());
}

TEST(Queue, destroying_it_answers_those_who_wait) {
  Deferred<int> popped;
  {
    Queue<int> queue(1);
    popped = queue.pop();
  }
  EXPECT_TRUE(popped.take().error().is(Code::closed));
}

TEST(Event, wakes_all_who_wait_and_stays_set_until_reset) {
  Event event;
  Deferred<void> a = event.wait();
  Deferred<void> b = event.wait();
  EXPECT_TRUE(a.pending());
  event.set();
  EXPECT_TRUE(a.take().ok());
  EXPECT_TRUE(b.take().ok());
  EXPECT_TRUE(event.wait().take().ok());
  event.reset();
  EXPECT_TRUE(event.wait().pending());
}

TEST(Semaphore, a_permit_that_was_granted_and_never_looked_at_goes_on) {
  Semaphore semaphore(1);
  auto held = std::make_unique<Semaphore::Permit>(semaphore.acquire().take().value());
  Deferred<Semaphore::Permit> second = semaphore.acquire();
  Deferred<Semaphore::Permit> third = semaphore.acquire();
  held.reset();
  EXPECT_FALSE(second.pending());
  second.reset();
  EXPECT_FALSE(third.pending());
  third.reset();
  EXPECT_EQ(semaphore.free(), 1u);
}

TEST(Lock, lets_one_at_a_time_in) {
  Lock lock;
  int inside = 0;
  int most = 0;
  std::vector<std::unique_ptr<Promise<void>>> gates;
  struct Enter {
    static Deferred<void> go(Lock& lock, int& inside, int& most, Deferred<void> gate) {
      auto permit = co_await lock.acquire();
      most = std::max(most, ++inside);
      std::ignore = co_await std::move(gate).result();
      --inside;
    }
  };
  std::vector<Deferred<void>> all;
  for (int i = 0; i < 5; ++i) {
    gates.push_back(std::make_unique<Promise<void>>());
    all.push_back(Enter::go(lock, inside, most, gates.back()->deferred()));
  }
  all[1].reset();
  for (auto& gate : gates) {
    gate->callback();
    turn();
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(lock.free(), 1u);
}

TEST(WaitList, destroying_it_answers_closed_and_leaving_it_is_cheap) {
  Deferred<void> waiting;
  Deferred<void> cancelled;
  {
    WaitList<void> list;
    cancelled = list.wait();
    waiting = list.wait();
    {
      auto dropped = list.wait();
    }
    cancelled.cancel();
    EXPECT_EQ(list.size(), 1u);
  }
  EXPECT_TRUE(cancelled.take().error().is(Code::cancelled));
  EXPECT_TRUE(waiting.take().error().is(Code::closed));
  EXPECT_FALSE(waiting.valid());
}

TEST(WaitList, one_that_was_woken_may_still_be_cancelled_and_keeps_its_answer) {
  WaitList<int> list;
  Deferred<int> waiting = list.wait();
  list.wake(5);
  waiting.cancel();
  EXPECT_EQ(waiting.take().value(), 5);
}

}  // namespace
}  // namespace berth
