#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "console/picture/canvas.h"
#include "console/picture/panel_kind.h"

namespace berth::picture {

/// The colours of the console's page (web/src/style.css).
struct Theme {
  Colour back, panel, frame, grid, text, muted, mark, warn, bad, ok, heat;
  std::vector<Colour> series;
};
const Theme& theme(bool dark);

struct DrawnSeries {
  std::string name;
  std::vector<double> points;  // NaN where nothing is known
  double bound = 0;            // of a heat map: what fell below it, also below those before
};

struct DrawnMark {
  std::int64_t time = 0;  // milliseconds
  std::string text;       // "orders v3"
  bool back = false;      // a return to an earlier version
};

/// One chart as it is drawn. Point i is of `from + i * step` milliseconds since 1970.
struct ChartPicture {
  std::string title;
  PanelKind kind = PanelKind::lines;
  std::int64_t from = 0;
  std::int64_t step = 1000;
  std::vector<DrawnSeries> series;
  std::vector<DrawnMark> marks;
  std::optional<double> warn;
  std::optional<double> bad;
  bool logarithmic = false;
  bool binary = false;  // values are bytes: the axis goes by powers of two
  std::size_t limit = 10;
  std::string fault;  // why it cannot be drawn
  std::function<std::string(double)> format;
  std::function<std::string(std::int64_t)> clock;  // of milliseconds: "14:03"
};

/// Where values stand in the picture, for who wants to find them.
struct Geometry {
  Box plot;  // between the axes
  double least = 0;
  double most = 1;
  bool logarithmic = false;
  std::int64_t from = 0;
  std::int64_t to = 0;

  double x_of(double milliseconds) const;
  double y_of(double value) const;
};

/// Draws it into a box: frame, title, axes, lines, marks, legend with the newest values; lists for
/// the kinds that are none. `scale` is the size of a dot of the letters.
Geometry draw_chart(Canvas& canvas, const Box& box, const ChartPicture& chart, const Theme& theme,
                    int scale);

/// Round places of an axis, about `wanted` of them.
std::vector<double> round_places(double least, double most, int wanted, bool binary);

}  // namespace berth::picture
