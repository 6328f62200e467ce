#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/terminal.h"
#include "base/json.h"

namespace berth::app {

/// Values at even distances in time, oldest first; nothing where none is known.
using Points = std::vector<std::optional<double>>;

/// The numbers of a JSON array, nothing for its nulls.
Points points_of(const Json& array);

/// What a title says of a curve.
struct Extent {
  std::optional<double> least;
  std::optional<double> most;
  std::optional<double> last;  // the newest that is known
};
Extent extent_of(const Points& points);

struct ChartOptions {
  std::size_t columns = 80;  // with the labels of the axis
  std::size_t rows = 4;
  std::size_t label_columns = 8;
  bool filled = false;  // down to 0: for rates and shares
  std::function<std::string(double)> label;
  const char* colour = "36";
};

/// A curve from 0 to a round number above its highest point, in Braille characters (2 by 4 dots in
/// each), `rows` lines with the axis at their left. More points than dots are averaged; gaps stay
/// gaps.
std::vector<std::string> draw_chart(const Points& points, const ChartOptions& options,
                                    const Style& style);
/// The next round number (1, 2, 2.5 or 5 times a power of ten) that is not less.
double round_above(double value);
/// One line of block characters from 0 to its highest point, `columns` wide; a gap is a space.
std::string sparkline(const Points& points, std::size_t columns);

}  // namespace berth::app
