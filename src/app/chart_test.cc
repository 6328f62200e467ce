#include "app/chart.h"

#include <gtest/gtest.h>

#include "app/words.h"

namespace berth::app {
namespace {

ChartOptions small(bool filled) {
  ChartOptions options;
  options.columns = 8 + 2 + 12;
  options.rows = 2;
  options.filled = filled;
  options.label = [](double value) { return number_text(value); };
  return options;
}

TEST(Chart, a_rising_line_rises_from_the_lower_left_to_the_upper_right) {
  Points points;
  for (int i = 0; i < 24; ++i) points.emplace_back(i / 23.0 * 10);
  EXPECT_EQ(joined(draw_chart(points, small(false), Style{})),
            "      10 ┤      ⣀⣠⠤⠴⠒⠋\n"
            "       0 ┤⣀⡤⠴⠒⠚⠉⠁\n");
}

TEST(Chart, a_filled_one_reaches_down_to_0_and_gaps_stay_gaps) {
  Points points(12, std::nullopt);
  for (int i = 0; i < 6; ++i) points[static_cast<std::size_t>(i)] = 10;
  EXPECT_EQ(joined(draw_chart(points, small(true), Style{})),
            "      10 ┤⣿⣿⣿⣿⣿⣿\n"
            "       0 ┤⣿⣿⣿⣿⣿⣿\n");
}

TEST(Chart, a_step_is_drawn_as_a_line) {
  Points points(24, 0.0);
  for (std::size_t i = 12; i < 24; ++i) points[i] = 10;
  EXPECT_EQ(joined(draw_chart(points, small(false), Style{})),
            "      10 ┤      ⡏⠉⠉⠉⠉⠉\n"
            "       0 ┤⣀⣀⣀⣀⣀⣀⡇\n");
}

TEST(Chart, nothing_measured_is_an_empty_chart) {
  EXPECT_EQ(joined(draw_chart({}, small(false), Style{})), "       1 ┤\n       0 ┤\n");
  EXPECT_FALSE(extent_of(Points(5, std::nullopt)).last);
}

TEST(Chart, more_points_than_dots_are_averaged) {
  Points points;
  for (int i = 0; i < 2400; ++i) points.emplace_back(i % 2 == 0 ? 4.0 : 6.0);
  auto lines = draw_chart(points, small(true), Style{});
  EXPECT_EQ(lines[1], "       0 ┤⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿");
  EXPECT_EQ(lines[0], "      10 ┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀");
}

TEST(Chart, the_axis_ends_at_a_round_number) {
  EXPECT_EQ(round_above(0), 1);
  EXPECT_EQ(round_above(0.0123), 0.02);
  EXPECT_EQ(round_above(10), 10);
  EXPECT_EQ(round_above(2.3), 2.5);
  EXPECT_EQ(round_above(99), 100);
  EXPECT_EQ(round_above(-3), 1);
}

TEST(Chart, the_extent_knows_the_newest_that_is_known) {
  Extent extent = extent_of({std::nullopt, 3.0, 1.0, 2.0, std::nullopt});
  EXPECT_EQ(extent.least, 1.0);
  EXPECT_EQ(extent.most, 3.0);
  EXPECT_EQ(extent.last, 2.0);
}

TEST(Chart, a_sparkline_goes_from_0_to_its_highest) {
  EXPECT_EQ(sparkline({0.0, 4.0, 8.0, std::nullopt}, 4), "▁▅█ ");
  EXPECT_EQ(sparkline({0.0, 0.0}, 2), "▁▁");
  EXPECT_EQ(sparkline({}, 3), "   ");
}

}  // namespace
}  // namespace berth::app
