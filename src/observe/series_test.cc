#include "observe/series.h"

#include <gtest/gtest.h>

namespace berth::observe {
namespace {

constexpr std::int64_t now = 1'764'000'000;

TEST(Series, a_quarter_of_an_hour_is_answered_in_seconds_and_six_hours_in_tens) {
  EXPECT_EQ(Series::resolution(now - 900, 5, now), 1);
  EXPECT_EQ(Series::resolution(now - 3600, 10, now), 10);
  EXPECT_EQ(Series::resolution(now - 6 * 3600, 60, now), 10);
  EXPECT_EQ(Series::resolution(now - 86400, 300, now), 60);
  EXPECT_EQ(Series::resolution(now - 60, 60, now), 10);  // more than 60 fine points an interval
}

TEST(Series, each_resolution_has_all_that_was_counted) {
  Series series({"requests", {{"service", "users"}}}, SeriesKind::counter);
  for (std::int64_t second = now - 900; second < now; ++second) series.add({second, 2, {}});
  for (std::int64_t step : {1, 10, 60}) {
    double sum = 0;
    for (auto& point : series.level_for(now - 900, step, now).points) sum += point.value;
    EXPECT_EQ(sum, 1800) << step;
  }
}

}  // namespace
}  // namespace berth::observe
