#pragma once

#include <array>
#include <bit>
#include <set>

#include "async/world_suite.h"

namespace berth {

/// What random.h promises.
class RandomSuite : public WorldSuite {};

TEST_P(RandomSuite, numbers_spread_over_their_whole_range) {
  Random& random = world.random;
  std::set<std::uint64_t> seen;
  std::uint64_t ones = 0;
  for (int i = 0; i < 1000; ++i) {
    std::uint64_t value = random.next();
    seen.insert(value);
    ones += static_cast<std::uint64_t>(std::popcount(value));
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_NEAR(static_cast<double>(ones), 32'000, 1'500);
}

TEST_P(RandomSuite, below_hits_each_number_about_as_often) {
  std::array<int, 7> hits{};
  for (int i = 0; i < 7000; ++i) ++hits.at(world.random.below(7));
  for (int count : hits) EXPECT_NEAR(count, 1000, 250);
  EXPECT_EQ(world.random.below(1), 0u);
}

TEST_P(RandomSuite, units_and_chances_keep_their_bounds) {
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    double unit = world.random.unit();
    ASSERT_GE(unit, 0);
    ASSERT_LT(unit, 1);
    sum += unit;
    EXPECT_FALSE(world.random.chance(0));
    EXPECT_TRUE(world.random.chance(1));
  }
  EXPECT_NEAR(sum, 500, 60);
}

TEST_P(RandomSuite, secrets_fill_all_they_are_asked_for) {
  for (std::size_t size : {0u, 1u, 7u, 8u, 9u, 33u}) {
    std::string seen(size, '\0');
    std::string bytes(size + 2, '\0');
    for (int i = 0; i < 40; ++i) {
      world.random.secret_bytes(bytes.data() + 1, size);
      for (std::size_t at = 0; at < size; ++at) {
        seen[at] = static_cast<char>(seen[at] | bytes[at + 1]);
      }
      EXPECT_EQ(bytes.front(), '\0');
      EXPECT_EQ(bytes.back(), '\0');
    }
    EXPECT_EQ(seen, std::string(size, '\xff'));
  }
}

TEST_P(RandomSuite, two_hosts_do_not_say_the_same) {
  if (&world == &other) GTEST_SKIP();
  EXPECT_NE(world.random.next(), other.random.next());
}

}  // namespace berth
