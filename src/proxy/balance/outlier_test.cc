#include "proxy/balance/outlier.h"

#include <gmock/gmock.h>

namespace berth::proxy {
namespace {

struct OutlierTest : ::testing::Test {
  catalog::EjectPolicy policy;
  Outlier outlier;
  MonotonicTime now{1'000'000'000};

  bool fail() { return outlier.note(policy, Failure::refused, {}, now); }
  void succeed() { EXPECT_FALSE(outlier.note(policy, Failure::none, 1ms, now)); }
};

TEST_F(OutlierTest, failures_in_a_row_are_counted_from_the_last_success) {
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(fail());
  succeed();
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(fail());
  EXPECT_TRUE(fail());
  EXPECT_TRUE(outlier.resting());
  EXPECT_EQ(outlier.until(), now + 1s);
  EXPECT_EQ(outlier.why(now), "5 failures in a row, the last: no connection; back in 1 s");
}

TEST_F(OutlierTest, rests_grow_to_their_ceiling_and_shrink_again_with_successes) {
  policy.time_max = 5s;
  for (int i = 0; i < 5; ++i) fail();
  for (Duration wanted : {2s, 4s, 5s, 5s}) {
    now = outlier.until();
    outlier.come_back(policy);
    EXPECT_TRUE(fail()) << "on trial one failure is enough";
    EXPECT_EQ(outlier.until() - now, wanted);
  }
  outlier.come_back(policy);
  for (int i = 0; i < 500; ++i) succeed();
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(fail()) << "a success ended the trial";
  EXPECT_TRUE(fail());
  EXPECT_EQ(outlier.until() - now, 1s);
}

TEST_F(OutlierTest, a_share_of_failures_is_enough_without_any_row) {
  policy.failures = 0;
  bool rested = false;
  int asked = 0;
  while (!rested && asked < 100) {
    ++asked;
    if (asked % 3 == 0) {
      succeed();
    } else {
      rested = fail();
    }
  }
  EXPECT_EQ(asked, 20);
  EXPECT_THAT(outlier.why(now), ::testing::HasSubstr("70 % of its requests failed"));
}

TEST_F(OutlierTest, an_interval_forgets) {
  policy.failures = 0;
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fail());
  outlier.turn(policy);
  for (int i = 0; i < 19; ++i) EXPECT_FALSE(fail());
}

TEST_F(OutlierTest, latency_out_of_line) {
  policy.latency_permille = 3000;
  for (int i = 0; i < 20; ++i) outlier.note(policy, Failure::none, 40ms, now);
  EXPECT_FALSE(outlier.judge_latency(policy, 10e6, now)) << "the interval is not over";
  outlier.turn(policy);
  EXPECT_FALSE(outlier.judge_latency(policy, 20e6, now));
  EXPECT_TRUE(outlier.judge_latency(policy, 10e6, now));
  EXPECT_THAT(outlier.why(now), ::testing::HasSubstr("4.0 times as long"));
}

}  // namespace
}  // namespace berth::proxy
