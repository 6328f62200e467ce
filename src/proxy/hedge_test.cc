#include "proxy/cache_suite.h"
#include "proxy/session.h"

namespace berth::proxy {
namespace {

/// Two instances of which the first one asked is slow.
struct HedgeTest : CacheTest {
  Origin& other = add();

  HedgeTest() {
    users.policy.cache.on = false;
    users.policy.hedge.after = 50ms;
    users.policy.balance.way = catalog::BalancePolicy::Way::round_robin;
    origin.body = "one";
    other.body = "two";
    apply();
  }
  Pool& pool() { return *proxy->pool_called("users"); }
  /// The next request goes to the first instance.
  void first_is_next() {
    for (int i = 0; i < 4; ++i) {
      std::size_t before = origin.asked.size();
      get();
      if (origin.asked.size() == before) return;
    }
  }
};

TEST_F(HedgeTest, a_slow_one_is_asked_for_elsewhere_too) {
  first_is_next();
  std::size_t before = asked(), records = sink.records.size();
  origin.takes = 10s;
  MonotonicTime begun = simulation.now();
  auto got = get();
  EXPECT_EQ(got.body, "two");
  EXPECT_LT(simulation.now() - begun, 100ms);
  EXPECT_EQ(asked(), before + 2);
  EXPECT_EQ(other.last().at("x-berth-attempt"), "1");
  ASSERT_EQ(sink.records.size(), records + 1) << "one record";
  EXPECT_EQ(sink.records.back().server, "users/2");
  EXPECT_EQ(sink.records.back().retries, 1u);
  EXPECT_EQ(sink.records.back().termination, "----");
  EXPECT_EQ(pool().hedges.sent, 1u);
  EXPECT_EQ(pool().hedges.won, 1u);
  EXPECT_EQ(pool().in_flight(), 0u) << "the loser is over at once";
  EXPECT_EQ(get().body, "two") << "and its connection is not used again";
}

TEST_F(HedgeTest, the_first_may_still_win) {
  first_is_next();
  origin.takes = 80ms;
  other.takes = 10s;
  EXPECT_EQ(get().body, "one");
  EXPECT_EQ(pool().hedges.sent, 1u);
  EXPECT_EQ(pool().hedges.won, 0u);
  EXPECT_EQ(pool().in_flight(), 0u);
  EXPECT_EQ(sink.records.back().server, "users/1");
}

TEST_F(HedgeTest, a_fast_one_is_asked_for_once) {
  for (int i = 0; i < 20; ++i) get();
  EXPECT_EQ(asked(), 20u);
  EXPECT_EQ(pool().hedges.sent, 0u);
}

TEST_F(HedgeTest, what_may_not_be_repeated_is_not) {
  origin.takes = other.takes = 200ms;
  get({}, "/a", "POST");
  EXPECT_EQ(asked(), 1u);
  get({{"X-Berth-Attempt", "1"}});
  EXPECT_EQ(asked(), 2u) << "a hop before this one sends again itself";
}

TEST_F(HedgeTest, one_that_fails_leaves_the_other_to_answer) {
  first_is_next();
  origin.takes = 80ms;
  origin.start = "HTTP/1.1 503 Oops";
  other.takes = 100ms;
  EXPECT_EQ(get().body, "two");
  EXPECT_EQ(sink.records.back().server, "users/2");
  origin.start = "HTTP/1.1 200 OK";
  origin.takes = other.takes = 0s;
  first_is_next();
  origin.takes = 200ms;
  other.start = "HTTP/1.1 503 Oops";
  EXPECT_EQ(get().body, "one");
}

TEST_F(HedgeTest, when_both_fail_it_is_told_once) {
  users.policy.retries = 1;
  apply();
  first_is_next();
  origin.takes = 80ms;
  other.takes = 10ms;
  origin.start = other.start = "HTTP/1.1 503 Oops";
  std::size_t records = sink.records.size(), before = asked();
  EXPECT_EQ(get().status, 503);
  EXPECT_EQ(asked(), before + 2);
  EXPECT_EQ(sink.records.size(), records + 1);
  EXPECT_EQ(pool().in_flight(), 0u);
}

TEST_F(HedgeTest, the_budget_bounds_them) {
  users.policy.retry.budget_permille = 100;
  users.policy.eject.failures = 0;
  users.policy.eject.share_permille = 0;
  users.policy.timeout = 60s;
  apply();
  origin.takes = other.takes = 100ms;
  MonotonicTime begun = simulation.now();
  for (int i = 0; i < 200; ++i) get();
  // Ten at the start, one of ten requests, three a second and a second before the first.
  auto seconds = static_cast<std::uint64_t>((simulation.now() - begun) / 1s + 2);
  EXPECT_LE(pool().hedges.sent, 10 + 20 + 3 * seconds);
  EXPECT_GT(pool().hedges.refused, 50u);
  EXPECT_EQ(asked(), 200 + pool().hedges.sent);
}

TEST_F(HedgeTest, the_delay_follows_what_answers_take) {
  users.policy.hedge = {0s, true};
  apply();
  origin.takes = other.takes = 20ms;
  for (int i = 0; i < 100; ++i) get();
  EXPECT_LE(pool().hedges.sent, 10u) << "95 % take as long";
  EXPECT_GE(pool().latencies.p95(), 20ms);
  EXPECT_LE(pool().latencies.p95(), 30ms);
  first_is_next();
  origin.takes = 5s;
  MonotonicTime begun = simulation.now();
  EXPECT_EQ(get().body, "two");
  EXPECT_LT(simulation.now() - begun, 80ms);
}

TEST_F(HedgeTest, a_single_instance_is_not_hedged) {
  users.instances.pop_back();
  apply();
  origin.takes = 200ms;
  EXPECT_EQ(get().status, 200);
  EXPECT_EQ(asked(), 1u);
}

TEST_F(HedgeTest, a_client_that_goes_away_ends_both) {
  origin.takes = other.takes = 10s;
  {
    auto asking = ask();
    pass(200ms);
    EXPECT_EQ(pool().in_flight(), 2u);
    proxy->sessions().front()->kill();
    pass(100ms);
  }
  EXPECT_EQ(pool().in_flight(), 0u);
  EXPECT_EQ(sink.records.size(), 1u);
}

}  // namespace
}  // namespace berth::proxy
