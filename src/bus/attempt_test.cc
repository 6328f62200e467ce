#include "bus/attempt.h"

#include <gtest/gtest.h>

#include "os/random.h"

namespace berth::bus {
namespace {

TEST(Attempt, back_off_doubles_up_to_its_limit_and_is_spread_by_half) {
  os::Random random;
  for (std::uint32_t number = 1; number < 80; number++) {
    Duration middle = std::min<Duration>(100ms * (1LL << std::min(number - 1, 20U)), 5s);
    Duration least = 1h;
    Duration most = 0s;
    for (int i = 0; i < 200; i++) {
      Duration wait = back_off(100ms, 5s, number, random);
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    EXPECT_GE(least, middle / 2) << number;
    EXPECT_LE(most, middle * 3 / 2) << number;
    EXPECT_LT(least, middle * 3 / 4) << number;
    EXPECT_GT(most, middle * 5 / 4) << number;
  }
}

TEST(Attempt, retry_after_is_seconds_or_a_date_and_at_most_an_hour) {
  WallTime now{784'111'777LL * 1'000'000'000};  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(retry_after("120", now), Duration(120s));
  EXPECT_EQ(retry_after(" 0 ", now), Duration(0s));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now), Duration(30s));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Duration(0s));
  EXPECT_EQ(retry_after("99999", now), Duration(1h));
  EXPECT_EQ(retry_after("Sun, 06 Nov 9994 08:50:07 GMT", now), std::nullopt);
  for (auto* text : {"", "soon", "-1", "1.5", "Sun, 06 Nov 1994 08:50:07 CET",
                     "Sun, 31 Feb 1994 08:50:07 GMT", "Sun, 06 Mai 1994 08:50:07 GMT"}) {
    EXPECT_EQ(retry_after(text, now), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace berth::bus
