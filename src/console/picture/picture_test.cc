#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "console/picture/chart_picture.h"
#include "console/picture/png.h"

namespace berth::picture {
namespace {

using testing::ElementsAre;

constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// A reader of PNG as the standard has it, for the one form that is written: each chunk's checksum,
/// the filters "none" and "up".
struct Decoded {
  int width = 0;
  int height = 0;
  std::string pixels;

  Colour at(int x, int y) const {
    auto* p = reinterpret_cast<const unsigned char*>(pixels.data()) + 3 * (y * width + x);
    return {p[0], p[1], p[2]};
  }
};

Decoded decode(const std::string& png) {
  Decoded out;
  EXPECT_EQ(png.substr(0, 8), std::string("\x89PNG\r\n\x1a\n", 8));
  std::string packed;
  std::vector<std::string> types;
  for (std::size_t at = 8; at < png.size();) {
    std::uint32_t length = number_at(png, at);
    std::string type = png.substr(at + 4, 4);
    std::string data = png.substr(at + 8, length);
    auto* begin = reinterpret_cast<const Bytef*>(png.data() + at + 4);
    EXPECT_EQ(number_at(png, at + 8 + length), crc32(0, begin, length + 4)) << type;
    if (type == "IHDR") {
      out.width = static_cast<int>(number_at(data, 0));
      out.height = static_cast<int>(number_at(data, 4));
      EXPECT_EQ(data.substr(8), std::string("\x08\x02\x00\x00\x00", 5));
    }
    if (type == "IDAT") packed += data;
    types.push_back(type);
    at += 12 + length;
  }
  EXPECT_THAT(types, ElementsAre("IHDR", "IDAT", "IEND"));
  std::size_t row = static_cast<std::size_t>(out.width) * 3;
  std::string raw((row + 1) * static_cast<std::size_t>(out.height), '\0');
  uLongf size = raw.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(raw.data()), &size,
                       reinterpret_cast<const Bytef*>(packed.data()), packed.size()),
            Z_OK);
  EXPECT_EQ(size, raw.size());
  for (std::size_t y = 0; y < static_cast<std::size_t>(out.height); ++y) {
    EXPECT_EQ(raw[y * (row + 1)], 2);
    for (std::size_t i = 0; i < row; ++i) {
      int above = y == 0 ? 0 : static_cast<unsigned char>(out.pixels[out.pixels.size() - row]);
      out.pixels += static_cast<char>(raw[y * (row + 1) + 1 + i] + above);
    }
  }
  return out;
}

bool near(Colour a, Colour b, int most = 40) {
  return std::abs(a.red - b.red) <= most && std::abs(a.green - b.green) <= most &&
         std::abs(a.blue - b.blue) <= most;
}

ChartPicture chart_of(std::vector<DrawnSeries> series) {
  ChartPicture chart;
  chart.title = "Test";
  chart.from = 1'764'000'000'000;
  chart.series = std::move(series);
  chart.format = [](double value) { return std::to_string(static_cast<int>(value)); };
  chart.clock = [](std::int64_t) { return std::string("12:00"); };
  return chart;
}

struct Picture {
  Geometry geometry;
  Decoded pixels;

  /// The middle of the pixels of that colour in the column of point `index`; nothing if none has.
  std::optional<double> found(std::size_t index, Colour wanted, std::int64_t step = 1000) const {
    int x = static_cast<int>(geometry.x_of(
        static_cast<double>(geometry.from + static_cast<std::int64_t>(index) * step)));
    x = std::clamp(x, geometry.plot.left, geometry.plot.right() - 1);
    double sum = 0;
    int count = 0;
    for (int y = geometry.plot.top; y < geometry.plot.bottom(); ++y) {
      if (!near(pixels.at(x, y), wanted, 90)) continue;  // edges are soft
      sum += y + 0.5;
      ++count;
    }
    if (count == 0) return std::nullopt;
    return sum / count;
  }
};

Picture draw(const ChartPicture& chart, bool dark = false, int scale = 1) {
  Canvas canvas(600, 300, theme(dark).back);
  Picture out;
  out.geometry = draw_chart(canvas, {0, 0, 600, 300}, chart, theme(dark), scale);
  out.pixels = decode(encode_png(canvas).value());
  EXPECT_EQ(out.pixels.width, 600);
  EXPECT_EQ(out.pixels.height, 300);
  return out;
}

/// A picture of small letters, for messages.
std::string art(const Canvas& canvas, const Box& box, Colour ink) {
  std::string out;
  for (int y = box.top; y < box.bottom(); ++y) {
    for (int x = box.left; x < box.right(); ++x) out += canvas.at(x, y) == ink ? '#' : '.';
    out += '\n';
  }
  return out;
}

TEST(Png, what_is_written_reads_back_pixel_by_pixel) {
  Canvas canvas(37, 23, colour(0x102030));
  canvas.fill({3, 4, 5, 6}, colour(0xff8000));
  canvas.text(1, 12, "A\xc2\xb5", colour(0xffffff), 1);
  Decoded decoded = decode(encode_png(canvas).value());
  for (int y = 0; y < 23; ++y) {
    for (int x = 0; x < 37; ++x) ASSERT_EQ(decoded.at(x, y), canvas.at(x, y)) << x << ", " << y;
  }
  EXPECT_EQ(encode_png(canvas).value(), encode_png(canvas).value());
}

TEST(Canvas, letters_stand_on_their_line_and_unknown_ones_are_boxes) {
  Colour ink = colour(0xffffff);
  Canvas canvas(24, 9, colour(0));
  EXPECT_EQ(canvas.text(0, 0, "Ag\xe4\xb8\xad", ink, 1), 18);
  EXPECT_EQ(art(canvas, {0, 0, 18, 9}, ink),
            ".###........#####.\n"
            "#...#.......#...#.\n"
            "#...#..####.#...#.\n"
            "#####.#...#.#...#.\n"
            "#...#.#...#.#...#.\n"
            "#...#.#...#.#...#.\n"
            "#...#..####.#####.\n"
            "..........#.......\n"
            ".......###........\n");
}

TEST(Canvas, a_text_that_is_too_wide_is_cut) {
  EXPECT_EQ(Canvas::text_width("12:00", 2), 60);
  Canvas canvas(100, 9, colour(0));
  EXPECT_EQ(canvas.text(0, 0, "a long sentence", colour(0xffffff), 1, 40), 36);
}

TEST(Chart, a_line_is_where_its_values_are) {
  std::vector<double> values;
  for (int i = 0; i < 60; ++i) values.push_back(50 + 40 * std::sin(i / 9.0));
  Picture picture = draw(chart_of({{"users", values}}));
  EXPECT_EQ(picture.geometry.least, 0);
  int compared = 0;
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    auto y = picture.found(i, theme(false).series[0]);
    ASSERT_TRUE(y) << i;
    EXPECT_NEAR(*y, picture.geometry.y_of(values[i]), 3) << i;
    ++compared;
  }
  EXPECT_EQ(compared, 58);
}

TEST(Chart, the_axis_has_the_ground_below_and_the_labels_at_their_lines) {
  Picture picture = draw(chart_of({{"users", {5, 10, 5, 10}}}));
  auto& geometry = picture.geometry;
  EXPECT_DOUBLE_EQ(geometry.most, 10.8);
  EXPECT_DOUBLE_EQ(geometry.y_of(0), geometry.plot.bottom());
  EXPECT_DOUBLE_EQ(geometry.y_of(10.8), geometry.plot.top);
  EXPECT_NEAR(geometry.y_of(5.4), geometry.plot.top + geometry.plot.height / 2.0, 1e-9);
  for (double tick : round_places(0, 10.8, geometry.plot.height / 33, false)) {
    int y = static_cast<int>(std::lround(geometry.y_of(tick)));
    EXPECT_EQ(picture.pixels.at(geometry.plot.left + 1, y), theme(false).grid) << tick;
  }
}

TEST(Chart, a_logarithmic_axis_has_equal_steps_for_equal_ratios) {
  ChartPicture chart = chart_of({{"users", {1, 10, 100, 1000}}});
  chart.logarithmic = true;
  Picture picture = draw(chart);
  auto& geometry = picture.geometry;
  EXPECT_NEAR(geometry.y_of(1) - geometry.y_of(10), geometry.y_of(100) - geometry.y_of(1000), 1e-9);
  for (std::size_t i = 0; i < 4; ++i) {
    auto y = picture.found(i, theme(false).series[0]);
    ASSERT_TRUE(y) << i;
    EXPECT_NEAR(*y, geometry.y_of(chart.series[0].points[i]), 4);
  }
}

TEST(Chart, a_gap_stays_a_gap) {
  std::vector<double> values(60, 10);
  for (int i = 20; i < 40; ++i) values[static_cast<std::size_t>(i)] = none;
  Picture picture = draw(chart_of({{"users", values}}));
  Colour blue = theme(false).series[0];
  EXPECT_TRUE(picture.found(10, blue));
  EXPECT_FALSE(picture.found(30, blue));
  EXPECT_TRUE(picture.found(50, blue));
}

TEST(Chart, a_stack_ends_at_the_sum) {
  ChartPicture chart = chart_of({{"a", {10, 10, 10}}, {"b", {20, 20, 20}}});
  chart.kind = PanelKind::stacked;
  Picture picture = draw(chart);
  auto& geometry = picture.geometry;
  EXPECT_DOUBLE_EQ(geometry.most, 30 * 1.08);
  int x = geometry.plot.left + geometry.plot.width / 2;
  auto mixed = [&](Colour series) {
    Canvas canvas(1, 1, theme(false).panel);
    canvas.fill({0, 0, 1, 1}, series, 0.6);
    return canvas.at(0, 0);
  };
  auto at = [&](double value) {
    return picture.pixels.at(x, static_cast<int>(geometry.y_of(value)));
  };
  EXPECT_TRUE(near(at(4), mixed(theme(false).series[0]), 3));
  EXPECT_TRUE(near(at(14), mixed(theme(false).series[1]), 3));
  EXPECT_TRUE(near(at(29), mixed(theme(false).series[1]), 3));
  EXPECT_EQ(at(31), theme(false).panel);
}

TEST(Chart, a_heat_map_is_darkest_where_most_fell) {
  ChartPicture chart = chart_of({{"", {0, 0, 0, 0}, 0.001},
                                 {"", {0, 90, 90, 90}, 0.002},
                                 {"", {0, 100, 100, 100}, 0.004},
                                 {"", {0, 100, 100, 100}, 0.008}});
  chart.kind = PanelKind::heatmap;
  Picture picture = draw(chart);
  auto& plot = picture.geometry.plot;
  int x = plot.left + plot.width / 2;
  EXPECT_TRUE(near(picture.pixels.at(x, plot.bottom() - plot.height / 4), theme(false).heat, 3));
  Colour upper = picture.pixels.at(x, plot.top + plot.height / 4);
  EXPECT_FALSE(near(upper, theme(false).heat));
  EXPECT_NE(upper, theme(false).panel);
}

TEST(Chart, thresholds_and_marks_are_drawn_where_they_are) {
  ChartPicture chart = chart_of({{"users", {1, 1, 1, 1}}});
  chart.bad = 1.5;
  chart.marks.push_back({chart.from + 1500, "v2", false});
  Picture picture = draw(chart);
  auto& geometry = picture.geometry;
  int bad = static_cast<int>(std::lround(geometry.y_of(1.5)));
  EXPECT_EQ(picture.pixels.at(geometry.plot.left + 1, bad), theme(false).bad);
  int mark = static_cast<int>(geometry.x_of(static_cast<double>(chart.from + 1500)));
  EXPECT_EQ(picture.pixels.at(mark, geometry.plot.top), theme(false).mark);
}

TEST(Chart, dark_is_dark_and_what_is_missing_is_said) {
  Picture dark = draw(chart_of({{"users", {1, 2}}}), true, 2);
  EXPECT_EQ(dark.pixels.at(300, 3), theme(true).panel);
  ChartPicture empty = chart_of({{"users", {none, none}}});
  Canvas canvas(600, 300, theme(false).back);
  draw_chart(canvas, {0, 0, 600, 300}, empty, theme(false), 1);
  Canvas other(600, 300, theme(false).back);
  empty.fault = "no such function";
  draw_chart(other, {0, 0, 600, 300}, empty, theme(false), 1);
  auto inked = [](const Canvas& which, Colour ink) {
    int count = 0;
    for (int y = 100; y < 200; ++y) {
      for (int x = 1; x < 599; ++x) count += which.at(x, y) == ink;
    }
    return count;
  };
  EXPECT_GT(inked(canvas, theme(false).muted), 100);
  EXPECT_GT(inked(other, theme(false).bad), 100);
}

TEST(Chart, lists_and_numbers_have_their_levels) {
  for (auto kind : {PanelKind::top, PanelKind::table, PanelKind::status, PanelKind::number}) {
    ChartPicture chart = chart_of({{"good", {1, 1}}, {"worse", {9, 9}}});
    chart.kind = kind;
    chart.bad = 5;
    Canvas canvas(600, 300, theme(false).back);
    draw_chart(canvas, {0, 0, 600, 300}, chart, theme(false), 1);
    int red = 0;
    for (int y = 0; y < 300; ++y) {
      for (int x = 0; x < 600; ++x) red += canvas.at(x, y) == theme(false).bad;
    }
    EXPECT_GT(red, 8) << panel_kind_text(kind);
  }
}

TEST(Chart, it_fits_into_any_box) {
  std::vector<DrawnSeries> many;
  for (int i = 0; i < 30; ++i) {
    many.push_back(
        {"series with a long name " + std::to_string(i), {1.0 * i, 2, none, 4}, 1.0 * i});
  }
  for (int side : {1, 7, 40, 120}) {
    for (std::size_t kind = 0; kind < 7; ++kind) {
      ChartPicture chart = chart_of(many);
      chart.kind = static_cast<PanelKind>(kind);
      chart.marks.push_back({chart.from, "orders v3", true});
      Canvas canvas(side, side, theme(true).back);
      draw_chart(canvas, {0, 0, side, side}, chart, theme(true), 2);
      EXPECT_TRUE(encode_png(canvas).ok());
    }
  }
}

TEST(Axis, places_are_round) {
  EXPECT_THAT(round_places(0, 10, 5, false), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(round_places(0, 4096, 4, true), ElementsAre(0, 1024, 2048, 3072, 4096));
  EXPECT_THAT(round_places(3, 3, 5, false), ElementsAre());
}

}  // namespace
}  // namespace berth::picture
