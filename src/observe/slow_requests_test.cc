#include "observe/slow_requests.h"

#include <gtest/gtest.h>

namespace berth::observe {
namespace {

constexpr WallTime begin{1'764'000'000'000'000'000};

RequestSeen request(Duration took, Duration at, int status = 200) {
  RequestSeen seen;
  seen.target = "/users/17";
  seen.method = "GET";
  seen.status = status;
  seen.took = took;
  seen.ended = begin + at;
  return seen;
}

TEST(SlowRequests, the_slowest_come_first_and_the_fast_are_forgotten) {
  SlowRequests slow;
  for (int i = 1; i <= 1000; ++i) slow.note(request(Duration(i * 7919 % 1000 * 1'000'000), 0s));
  auto found = slow.slowest(begin + 1s);
  ASSERT_EQ(found.size(), SlowRequests::kept_max);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].took, Duration((999 - static_cast<std::int64_t>(i)) * 1'000'000));
  }
}

TEST(SlowRequests, many_failed_ones_do_not_drive_out_a_slow_one) {
  SlowRequests slow;
  slow.note(request(2s, 0s));
  for (int i = 0; i < 500; ++i) slow.note(request(1ms, 1s, 500));
  EXPECT_EQ(slow.slowest(begin + 2s).front().took, 2s);
}

TEST(SlowRequests, those_of_more_than_fifteen_minutes_ago_are_gone) {
  SlowRequests slow;
  for (int minute = 0; minute < 60; ++minute) {
    slow.note(request(Duration(60s) - Duration(minute * 1s), Duration(minute * 60s)));
  }
  auto found = slow.slowest(begin + Duration(59 * 60s));
  ASSERT_EQ(found.size(), 16u);
  EXPECT_EQ(found.front().took, 60s - 44s);
  EXPECT_TRUE(slow.slowest(begin + Duration(24h)).empty());
}

}  // namespace
}  // namespace berth::observe
