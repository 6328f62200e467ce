#include "observe/samples/series_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace berth::observe {
namespace {

promql::Labels labels_of(std::size_t number) {
  return promql::Labels({{"__name__", "requests_total"}, {"path", "/" + std::to_string(number)}});
}

/// Series come and go, and are asked for in an order or in none.
TEST(SeriesIndex, finds_what_is_there_and_nothing_else) {
  std::mt19937 random(5);
  SeriesIndex index;
  std::map<std::size_t, std::uint32_t> there;
  constexpr std::size_t names = 500;
  for (int turn = 0; turn < 20'000; ++turn) {
    std::size_t name = turn % 3 == 0 ? static_cast<std::size_t>(turn) % names : random() % names;
    auto known = there.find(name);
    HeadSeries* found = index.find(labels_of(name));
    ASSERT_EQ(found != nullptr, known != there.end());
    if (!found) {
      HeadSeries& made = index.add(labels_of(name));
      EXPECT_TRUE(made.resting());
      there[name] = made.number;
      continue;
    }
    ASSERT_EQ(found->number, known->second);
    ASSERT_EQ(index.at(found->number), found);
    ASSERT_EQ(found->labels, labels_of(name));
    if (random() % 4 > 0) continue;
    index.remove(known->second);
    EXPECT_EQ(index.at(known->second), nullptr);
    there.erase(known);
  }
  EXPECT_EQ(index.size(), there.size());
  std::vector<promql::Matcher> all;
  EXPECT_EQ(index.matching(all).size(), there.size());
}

TEST(SeriesIndex, what_was_removed_is_no_guess) {
  SeriesIndex index;
  index.add(labels_of(1));
  std::uint32_t second = index.add(labels_of(2)).number;
  for (int round = 0; round < 2; ++round) {
    EXPECT_NE(index.find(labels_of(1)), nullptr);
    EXPECT_NE(index.find(labels_of(2)), nullptr);
  }
  index.find(labels_of(1));
  index.remove(second);
  EXPECT_EQ(index.find(labels_of(2)), nullptr);
  EXPECT_EQ(index.find(promql::Labels()), nullptr);
  HeadSeries& third = index.add(labels_of(3));  // in the same place
  EXPECT_EQ(index.find(labels_of(2)), nullptr);
  EXPECT_EQ(index.find(labels_of(3)), &third);
}

}  // namespace
}  // namespace berth::observe
