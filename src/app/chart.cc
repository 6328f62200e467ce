#include "app/chart.h"

#include <algorithm>
#include <cmath>

namespace berth::app {
namespace {

/// The bits of a Braille character's dots (U+2800 and up), by column and by row from the top.
constexpr unsigned dot_bits[2][4] = {{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}};

std::string braille(unsigned bits) {
  unsigned code = 0x2800 + bits;
  return {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
          static_cast<char>(0x80 | (code & 0x3f))};
}

/// The points as `width` values: averaged where there are more, repeated where there are fewer.
Points fitted(const Points& points, std::size_t width) {
  Points out(width);
  for (std::size_t x = 0; x < width && !points.empty(); ++x) {
    std::size_t from = x * points.size() / width;
    std::size_t to = std::max(from + 1, (x + 1) * points.size() / width);
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t i = from; i < to; ++i) {
      if (!points[i]) continue;
      sum += *points[i];
      ++count;
    }
    if (count > 0) out[x] = sum / static_cast<double>(count);
  }
  return out;
}

/// Cells of dots, 2 by 4 in each.
class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows)
      : columns_(columns), rows_(rows), cells_(columns * rows) {}
  std::size_t height() const { return rows_ * 4; }
  /// `y` counts from the bottom.
  void set(std::size_t x, std::size_t y) {
    std::size_t from_top = height() - 1 - y;
    cells_[from_top / 4 * columns_ + x / 2] |= dot_bits[x % 2][from_top % 4];
  }
  std::string row(std::size_t row) const {
    std::string out;
    for (std::size_t i = 0; i < columns_; ++i) {
      unsigned bits = cells_[row * columns_ + i];
      out += bits ? braille(bits) : " ";
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
  }

 private:
  std::size_t columns_;
  std::size_t rows_;
  std::vector<unsigned> cells_;
};

void draw(Canvas& canvas, const Points& values, double top, bool filled) {
  std::optional<std::size_t> before;
  for (std::size_t x = 0; x < values.size(); ++x) {
    if (!values[x]) {
      before.reset();
      continue;
    }
    double share = std::clamp(*values[x] / top, 0.0, 1.0);
    auto y =
        static_cast<std::size_t>(std::lround(share * static_cast<double>(canvas.height() - 1)));
    // A step is drawn as a line, so that a curve stays one.
    std::size_t from = filled ? 0 : before.value_or(y);
    for (std::size_t dot = std::min(from, y); dot <= std::max(from, y); ++dot) canvas.set(x, dot);
    before = y;
  }
}

}  // namespace

Points points_of(const Json& array) {
  Points out;
  out.reserve(array.items().size());
  for (auto& item : array.items()) out.push_back(item.number());
  return out;
}

Extent extent_of(const Points& points) {
  Extent out;
  for (auto& point : points) {
    if (!point) continue;
    out.least = std::min(out.least.value_or(*point), *point);
    out.most = std::max(out.most.value_or(*point), *point);
    out.last = point;
  }
  return out;
}

double round_above(double value) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  double power = std::pow(10, std::floor(std::log10(value)));
  for (double step : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (step * power >= value * (1 - 1e-9)) return step * power;
  }
  return 10 * power;
}

std::vector<std::string> draw_chart(const Points& points, const ChartOptions& options,
                                    const Style& style) {
  std::size_t columns = std::max<std::size_t>(options.columns, options.label_columns + 12) -
                        options.label_columns - 2;
  double top = round_above(extent_of(points).most.value_or(0));
  Canvas canvas(columns, options.rows);
  draw(canvas, fitted(points, columns * 2), top, options.filled);
  std::vector<std::string> out;
  for (std::size_t row = 0; row < options.rows; ++row) {
    bool last = row + 1 == options.rows;
    std::string label = row == 0 ? options.label(top) : last ? "0" : "";
    std::size_t width = shown_width(label);
    std::string pad(width < options.label_columns ? options.label_columns - width : 0, ' ');
    std::string dots = canvas.row(row);
    out.push_back(pad + label + " " + style.dim(row == 0 || last ? "┤" : "│") +
                  style.paint(dots, options.colour));
  }
  return out;
}

std::string sparkline(const Points& points, std::size_t columns) {
  static constexpr const char* blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  Points values = fitted(points, columns);
  double top = extent_of(values).most.value_or(0);
  std::string out;
  for (auto& value : values) {
    if (!value) {
      out += ' ';
    } else {
      double share = top > 0 ? std::clamp(*value / top, 0.0, 1.0) : 0;
      out += blocks[std::min<std::size_t>(7, static_cast<std::size_t>(share * 8))];
    }
  }
  return out;
}

}  // namespace berth::app
