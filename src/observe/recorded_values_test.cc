#include "observe/recorded_values.h"

#include <gtest/gtest.h>

#include <random>

namespace berth::observe {
namespace {

TEST(RecordedValues, are_the_histogram_that_recording_each_gives) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> spread(13, 2);
  RecordedValues values;
  EXPECT_EQ(values.take(), Histogram());
  for (std::size_t count : {1, 2, 3, 16, 17, 63, 64, 65, 1000, 2, 1}) {
    Histogram all;
    for (std::size_t i = 0; i < count; ++i) {
      auto value = static_cast<std::uint64_t>(spread(random));
      values.record(value);
      all.record(value);
    }
    EXPECT_FALSE(values.empty());
    EXPECT_EQ(values.take(), all) << count;
    EXPECT_TRUE(values.empty());
  }
}

TEST(RecordedValues, can_be_added_up) {
  for (std::size_t first : {0, 5, 63, 500}) {
    for (std::size_t second : {0, 1, 64, 700}) {
      RecordedValues values, others;
      Histogram all;
      for (std::size_t i = 0; i < first; ++i) values.record(i * 77), all.record(i * 77);
      for (std::size_t i = 0; i < second; ++i) others.record(i * 5), all.record(i * 5);
      values.add(others);
      EXPECT_EQ(values.take(), all) << first << " and " << second;
      EXPECT_EQ(others.take().count(), second);
    }
  }
}

TEST(RecordedValues, may_be_the_same_again_and_again) {
  RecordedValues values;
  Histogram all;
  for (int i = 0; i < 5; ++i) values.record(0), all.record(0);
  EXPECT_EQ(values.take(), all);
}

}  // namespace
}  // namespace berth::observe
