#include <gtest/gtest.h>

#include "async/random.h"
#include "os/reactor.h"
#include "proxy/limits/adaptive_limit.h"
#include "proxy/limits/breaker.h"
#include "proxy/limits/rate_table.h"
#include "proxy/limits/request_queue.h"

namespace berth::proxy {
namespace {

constexpr MonotonicTime start{1'000'000'000'000};

TEST(CellRate, burst_at_once_then_one_each_step) {
  CellRate rate = CellRate::of(10, 5);
  MonotonicTime due{};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(rate.take(due, start), Duration(0));
  EXPECT_EQ(rate.take(due, start), 100ms);
  EXPECT_EQ(rate.take(due, start + 60ms), 40ms);
  EXPECT_EQ(rate.take(due, start + 100ms), Duration(0));
  EXPECT_GT(rate.take(due, start + 100ms), Duration(0));
  int taken = 0;
  for (Duration at{}; at < 10s; at += 1ms) taken += rate.take(due, start + 1h + at) == 0s ? 1 : 0;
  EXPECT_NEAR(taken, 104, 1);
}

TEST(CellRate, none_lets_all_in) {
  CellRate rate = CellRate::of(0, 7);
  MonotonicTime due{};
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(rate.take(due, start), Duration(0));
}

TEST(RateTable, keys_do_not_share_and_memory_is_bounded) {
  RateTable table;
  CellRate rate = CellRate::of(1, 2);
  for (std::uint64_t key = 1; key <= 100; ++key) {
    EXPECT_EQ(table.take(rate, key, start), Duration(0));
    EXPECT_EQ(table.take(rate, key, start), Duration(0));
    EXPECT_GT(table.take(rate, key, start), Duration(0));
  }
  // A flood of other keys in one row pushes out who was idle, not who is at its limit.
  std::uint64_t row = RateTable::rows;
  for (std::uint64_t i = 0; i < 1000; ++i) table.take(rate, 1000 * row + i * row, start + 10s);
  EXPECT_EQ(table.take(rate, 1, start + 10s), Duration(0));
}

TEST(Breaker, opens_half_opens_and_closes) {
  catalog::BreakerPolicy policy{.share_permille = 500, .requests_min = 10};
  Breaker breaker;
  MonotonicTime now = start;
  for (int i = 0; i < 9; ++i) breaker.note(policy, true, now);
  EXPECT_TRUE(breaker.lets_through(policy, now));
  breaker.note(policy, true, now);
  EXPECT_FALSE(breaker.lets_through(policy, now));
  EXPECT_EQ(breaker.left(now), 5s);
  now = now + 5s;
  EXPECT_TRUE(breaker.lets_through(policy, now));
  EXPECT_FALSE(breaker.lets_through(policy, now)) << "one at a time";
  breaker.note(policy, true, now);
  EXPECT_FALSE(breaker.lets_through(policy, now + 1s));
  now = now + 5s;
  EXPECT_TRUE(breaker.lets_through(policy, now));
  breaker.forget();  // the client went
  EXPECT_TRUE(breaker.lets_through(policy, now));
  breaker.note(policy, false, now);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(breaker.lets_through(policy, now));
}

/// A service that answers `workers` requests at once in `took` each, and queues the rest itself.
double settles_at(double workers, Duration took, std::uint32_t offered) {
  AdaptiveLimit limit;
  MonotonicTime now = start;
  for (int i = 0; i < 60'000; ++i) {
    double flying = std::min<double>(limit.limit(), offered);
    double waits = std::max(1.0, flying / workers);
    Duration latency(static_cast<std::int64_t>(static_cast<double>(took.count()) * waits));
    now = now + 2ms;
    limit.note(latency, false, static_cast<std::uint32_t>(flying), now);
  }
  return limit.limit();
}

TEST(AdaptiveLimit, settles_a_little_above_what_the_service_does_at_once) {
  for (double workers : {20, 100, 1000}) {
    double settled = settles_at(workers, 10ms, 100'000);
    EXPECT_GT(settled, workers * 0.9);
    EXPECT_LT(settled, workers * 2.2);
  }
}

TEST(AdaptiveLimit, does_not_grow_while_it_is_not_used) {
  EXPECT_EQ(settles_at(1000, 10ms, 10), AdaptiveLimit::first);
}

TEST(AdaptiveLimit, failures_shrink_it_to_its_least) {
  AdaptiveLimit limit;
  MonotonicTime now = start;
  for (int i = 0; i < 10'000; ++i) limit.note({}, true, 64, now = now + 10ms);
  EXPECT_EQ(limit.limit(), AdaptiveLimit::least);
}

struct QueueTest : ::testing::Test {
  os::Reactor reactor;
  RequestQueue queue;
  std::string order;

  /// Waits, and notes what came of it: its letter, small if it was refused.
  Deferred<void> stand(char letter, std::uint8_t urgency, std::size_t most, Duration limit = 1h) {
    RequestQueue::Place place(queue, urgency);
    auto waited = co_await queue.wait(place, most, reactor, limit).result();
    RequestQueue::done(place);
    order += waited.ok() ? letter : static_cast<char>(letter + 32);
  }
  void turn() {
    for (int i = 0; i < 5; ++i) reactor.turn(1ms);
  }
};

TEST_F(QueueTest, urgency_first_then_the_order_of_arrival) {
  std::vector<Deferred<void>> all;
  all.push_back(stand('A', 3, 10));
  all.push_back(stand('B', 5, 10));
  all.push_back(stand('C', 0, 10));
  all.push_back(stand('D', 3, 10));
  while (!queue.empty()) queue.wake(), turn();
  EXPECT_EQ(order, "CADB");
}

TEST_F(QueueTest, lifo_serves_the_last_and_pushes_out_the_first) {
  queue.set_order(RequestQueue::Order::lifo);
  std::vector<Deferred<void>> all;
  for (char letter : {'A', 'B', 'C', 'D'}) all.push_back(stand(letter, 3, 3));
  turn();
  EXPECT_EQ(order, "a");
  while (!queue.empty()) queue.wake(), turn();
  EXPECT_EQ(order, "aDCB");
}

TEST_F(QueueTest, a_full_queue_refuses_what_is_not_more_urgent) {
  std::vector<Deferred<void>> all;
  all.push_back(stand('A', 3, 2));
  all.push_back(stand('B', 6, 2));
  all.push_back(stand('C', 6, 2));
  turn();
  EXPECT_EQ(order, "c");
  all.push_back(stand('D', 2, 2));
  turn();
  EXPECT_EQ(order, "cb");
  queue.wake_all();
  turn();
  EXPECT_EQ(order, "cbDA");
}

TEST_F(QueueTest, one_that_was_woken_and_went_lets_the_next_one) {
  auto a = stand('A', 3, 10);
  auto b = stand('B', 3, 10);
  queue.wake();
  a.reset();
  turn();
  EXPECT_EQ(order, "B");
  EXPECT_TRUE(queue.empty());
}

TEST_F(QueueTest, a_wait_has_an_end) {
  auto a = stand('A', 3, 10, 1ms);
  while (order.empty()) reactor.turn(5ms);
  EXPECT_EQ(order, "a");
  EXPECT_TRUE(queue.empty());
}

/// Woken in vain, it stands where it stood.
TEST_F(QueueTest, who_waits_again_keeps_its_rank) {
  auto twice = [&](char letter) -> Deferred<void> {
    RequestQueue::Place place(queue, 3);
    co_await queue.wait(place, 10, reactor, 1h);
    co_await queue.wait(place, 10, reactor, 1h);
    RequestQueue::done(place);
    order += letter;
  };
  auto a = twice('A');
  auto b = stand('B', 3, 10);
  queue.wake();
  turn();
  EXPECT_EQ(queue.size(), 2u);
  queue.wake();
  turn();
  EXPECT_EQ(order, "A");
  b.reset();
}

}  // namespace
}  // namespace berth::proxy
