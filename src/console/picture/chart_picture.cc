#include "console/picture/chart_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace berth::picture {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t bridged_ms = 6000;  // a gap up to this long is drawn through
constexpr double faintest = 0.002;         // of a heat map's fullest cell; less is not seen

double newest(const DrawnSeries& series) {
  return series.points.empty() ? unknown : series.points.back();
}
bool known(const DrawnSeries& series) {
  return std::ranges::any_of(series.points, [](double value) { return !std::isnan(value); });
}

/// Draws one chart; each member one part of it.
class Drawing {
 public:
  Drawing(Canvas& canvas, const Box& box, const ChartPicture& chart, const Theme& theme, int scale)
      : canvas_(canvas), box_(box), chart_(chart), theme_(theme), scale_(scale) {
    for (auto& series : chart.series) {
      if (known(series)) series_.push_back(&series);
    }
  }

  Geometry draw() {
    canvas_.fill(box_, theme_.frame);
    canvas_.fill({box_.left + 1, box_.top + 1, box_.width - 2, box_.height - 2}, theme_.panel);
    Box inner{box_.left + pad(), box_.top + pad(), box_.width - 2 * pad(), box_.height - 2 * pad()};
    canvas_.text(inner.left, inner.top, chart_.title, theme_.text, scale_, inner.width);
    int head = line_height() + 4 * scale_;
    Box body{inner.left, inner.top + head, inner.width, inner.height - head};
    if (!chart_.fault.empty()) return said(body, chart_.fault, theme_.bad);
    if (series_.empty()) return said(body, "nothing was measured in this time", theme_.muted);
    switch (chart_.kind) {
      case PanelKind::lines:
      case PanelKind::stacked:
      case PanelKind::heatmap:
        return plot(body);
      case PanelKind::number:
        return numbers(body);
      case PanelKind::top:
      case PanelKind::table:
      case PanelKind::status:
        return rows(body);
    }
    return {};
  }

 private:
  int pad() const { return 6 * scale_; }
  int line_height() const { return 11 * scale_; }
  Colour colour_of(std::size_t index) const { return theme_.series[index % theme_.series.size()]; }
  std::size_t points() const {
    std::size_t count = 0;
    for (auto* series : series_) count = std::max(count, series->points.size());
    return count;
  }

  Geometry said(const Box& body, std::string_view text, Colour colour) {
    int width = std::min(body.width, Canvas::text_width(text, scale_));
    canvas_.text(body.left + (body.width - width) / 2, body.top + body.height / 2 - 4 * scale_,
                 text, colour, scale_, body.width);
    return {};
  }

  // Charts.

  Geometry plot(Box body) {
    int legend = chart_.kind == PanelKind::heatmap ? 0 : legend_height(body.width);
    body.height -= legend;
    auto layers = chart_.kind == PanelKind::stacked ? sums() : std::vector<std::vector<double>>();
    Geometry geometry = geometry_of(body, layers);
    if (chart_.kind == PanelKind::heatmap) {
      heat(geometry);
    } else {
      value_axis(geometry, places(geometry));
    }
    time_axis(geometry);
    if (chart_.kind == PanelKind::stacked) stack(geometry, layers);
    if (chart_.kind == PanelKind::lines) {
      for (std::size_t i = 0; i < series_.size(); ++i) {
        curve(geometry, series_[i]->points, colour_of(i));
      }
    }
    thresholds(geometry);
    marks(geometry);
    if (legend > 0) draw_legend({body.left, body.bottom(), body.width, legend});
    return geometry;
  }

  Geometry geometry_of(const Box& body, const std::vector<std::vector<double>>& layers) const {
    Geometry out;
    int left = 10 * Canvas::letter_width * scale_;
    int top = chart_.marks.empty() ? 3 * scale_ : line_height() + 2 * scale_;
    int bottom = line_height() + 3 * scale_;
    out.plot = {body.left + left, body.top + top, std::max(1, body.width - left - 2 * scale_),
                std::max(1, body.height - top - bottom)};
    out.from = chart_.from;
    out.to = chart_.from +
             static_cast<std::int64_t>(std::max<std::size_t>(points(), 2) - 1) * chart_.step;
    out.logarithmic = chart_.logarithmic && chart_.kind == PanelKind::lines;
    range(out, layers);
    return out;
  }

  void range(Geometry& out, const std::vector<std::vector<double>>& layers) const {
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    auto note = [&](double value) {
      if (!std::isfinite(value) || (out.logarithmic && value <= 0)) return;
      least = std::min(least, value);
      most = std::max(most, value);
    };
    for (auto& layer : layers) std::ranges::for_each(layer, note);
    if (layers.empty()) {
      for (auto* series : series_) std::ranges::for_each(series->points, note);
    }
    if (most < least) {
      out.least = out.logarithmic ? 0.001 : 0;
      out.most = 1;
      return;
    }
    if (out.logarithmic) {
      out.least = least / 1.4;
      out.most = std::max(most * 1.4, out.least * 10);
      return;
    }
    for (auto& limit : {chart_.warn, chart_.bad}) {
      if (limit && *limit > most && *limit < most * 2) most = *limit;
    }
    out.least = least < 0 ? least * 1.08 : 0;
    out.most = most > 0 ? most * 1.08 : least < 0 ? 0 : 1;
  }

  std::vector<double> places(const Geometry& geometry) const {
    int wanted = std::max(2, geometry.plot.height / (3 * line_height()));
    if (!geometry.logarithmic) {
      return round_places(geometry.least, geometry.most, wanted, chart_.binary);
    }
    double ratio = geometry.most / geometry.least;
    std::vector<double> steps = {1};
    if (ratio <= 3000) steps = {1, 3};
    if (ratio <= 30) steps = {1, 2, 5};
    std::vector<double> out;
    for (double decade = std::floor(std::log10(geometry.least));
         decade <= std::log10(geometry.most); ++decade) {
      for (double step : steps) {
        double value = step * std::pow(10, decade);
        if (value >= geometry.least && value <= geometry.most) out.push_back(value);
      }
    }
    return out;
  }

  void label(const Geometry& geometry, double value, int y) {
    std::string text = chart_.format(value);
    int width = Canvas::text_width(text, scale_);
    canvas_.text(geometry.plot.left - width - 2 * scale_, y - 3 * scale_, text, theme_.muted,
                 scale_);
  }

  void value_axis(const Geometry& geometry, const std::vector<double>& at) {
    int lowest = std::numeric_limits<int>::max();
    for (double value : at) {
      int y = static_cast<int>(std::lround(geometry.y_of(value)));
      canvas_.horizontal(geometry.plot.left, geometry.plot.right(), y, theme_.grid);
      if (lowest - y < line_height()) continue;
      label(geometry, value, y);
      lowest = y;
    }
  }

  void time_axis(const Geometry& geometry) {
    static constexpr std::int64_t steps[] = {1,     2,     5,     10,    15,     30,    60,
                                             120,   300,   600,   900,   1800,   3600,  7200,
                                             10800, 21600, 43200, 86400, 172800, 604800};
    std::int64_t seconds = (geometry.to - geometry.from) / 1000;
    auto wanted =
        std::max<std::int64_t>(1, geometry.plot.width / (13 * Canvas::letter_width * scale_));
    auto* step = std::ranges::find_if(steps, [&](auto each) { return seconds / each <= wanted; });
    std::int64_t apart = (step == std::end(steps) ? steps[std::size(steps) - 1] : *step) * 1000;
    for (std::int64_t at = (geometry.from + apart - 1) / apart * apart; at <= geometry.to;
         at += apart) {
      std::string text = chart_.clock(at);
      int width = Canvas::text_width(text, scale_);
      int x = static_cast<int>(geometry.x_of(static_cast<double>(at)));
      canvas_.vertical(x, geometry.plot.bottom(), geometry.plot.bottom() + 2 * scale_,
                       theme_.muted);
      int left = std::max(geometry.plot.left, std::min(x - width / 2, box_.right() - width - 2));
      canvas_.text(left, geometry.plot.bottom() + 4 * scale_, text, theme_.muted, scale_);
    }
  }

  Point point(const Geometry& geometry, std::size_t index, double value) const {
    auto time = static_cast<double>(chart_.from + static_cast<std::int64_t>(index) * chart_.step);
    return {geometry.x_of(time), geometry.y_of(std::clamp(value, -1e300, 1e300))};
  }

  void curve(const Geometry& geometry, const std::vector<double>& values, Colour colour) {
    auto bridged = static_cast<std::size_t>(std::max<std::int64_t>(1, bridged_ms / chart_.step));
    std::vector<Point> part;
    std::size_t before = 0;
    double thick = scale_ > 1 ? 1.2 * scale_ : 1.5;
    auto end = [&] {
      canvas_.line(part, thick, colour, geometry.plot);
      part.clear();
    };
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i]) || (geometry.logarithmic && values[i] <= 0)) continue;
      if (!part.empty() && i - before > bridged) end();
      part.push_back(point(geometry, i, values[i]));
      before = i;
    }
    end();
  }

  /// Each series on top of those before it.
  std::vector<std::vector<double>> sums() const {
    std::vector<double> below(points(), 0);
    std::vector<std::vector<double>> out;
    for (auto* series : series_) {
      for (std::size_t i = 0; i < series->points.size(); ++i) {
        if (!std::isnan(series->points[i])) below[i] += series->points[i];
      }
      out.push_back(below);
    }
    return out;
  }

  void stack(const Geometry& geometry, const std::vector<std::vector<double>>& layers) {
    std::vector<Point> bottom;
    for (std::size_t i = 0; i < points(); ++i) {
      bottom.push_back(point(geometry, i, std::max(0.0, geometry.least)));
    }
    for (std::size_t n = 0; n < layers.size(); ++n) {
      std::vector<Point> top;
      for (std::size_t i = 0; i < layers[n].size(); ++i) {
        top.push_back(point(geometry, i, layers[n][i]));
      }
      canvas_.area(top, bottom, colour_of(n), 0.6, geometry.plot);
      canvas_.line(top, scale_, colour_of(n), geometry.plot);
      bottom = std::move(top);
    }
  }

  /// What fell between a bound and the one before it, by opacity.
  void heat(const Geometry& geometry) {
    std::vector<const DrawnSeries*> sorted = series_;
    std::ranges::sort(sorted, {}, &DrawnSeries::bound);
    auto part = [&](std::size_t row, std::size_t i) {
      double below = row == 0 ? 0 : sorted[row - 1]->points[i];
      double value = sorted[row]->points[i] - below;
      return value > 0 ? value : 0;
    };
    double most = 0;
    std::size_t low = sorted.size();
    std::size_t high = 0;
    for (std::size_t row = 0; row < sorted.size(); ++row) {
      for (std::size_t i = 0; i < points(); ++i) {
        double value = part(row, i);
        if (value <= 0) continue;
        most = std::max(most, value);
        low = std::min(low, row);
        high = std::max(high, row);
      }
    }
    if (most <= 0) return;
    double height = static_cast<double>(geometry.plot.height) / static_cast<double>(high - low + 1);
    auto edge = [&](std::size_t row) {
      return geometry.plot.bottom() -
             static_cast<int>(std::lround(height * static_cast<double>(row - low)));
    };
    // Several steps become one column where they are narrower than two pixels.
    std::size_t together = 1 + 2 * points() / static_cast<std::size_t>(geometry.plot.width);
    most *= static_cast<double>(together);
    for (std::size_t row = low; row <= high; ++row) {
      for (std::size_t i = 1; i < points(); i += together) {
        std::size_t end = std::min(points(), i + together);
        double sum = 0;
        for (std::size_t k = i; k < end; ++k) sum += part(row, k);
        if (sum / most < faintest) continue;
        int left = static_cast<int>(std::lround(point(geometry, i - 1, 0).x));
        int right = static_cast<int>(std::lround(point(geometry, end - 1, 0).x));
        canvas_.fill({left, edge(row + 1), std::max(1, right - left), edge(row) - edge(row + 1)},
                     theme_.heat, 0.06 + 0.94 * std::sqrt(sum / most));
      }
    }
    int lowest = std::numeric_limits<int>::max();
    for (std::size_t row = low; row <= high; ++row) {
      int y = edge(row + 1);
      if (lowest - y < 2 * line_height() || !std::isfinite(sorted[row]->bound)) continue;
      label(geometry, sorted[row]->bound, y);
      lowest = y;
    }
  }

  void thresholds(const Geometry& geometry) {
    if (chart_.kind == PanelKind::heatmap) return;
    auto line = [&](const std::optional<double>& limit, Colour colour) {
      if (!limit || *limit < geometry.least || *limit > geometry.most) return;
      canvas_.horizontal(geometry.plot.left, geometry.plot.right(),
                         static_cast<int>(std::lround(geometry.y_of(*limit))), colour, 3 * scale_,
                         scale_);
    };
    line(chart_.warn, theme_.warn);
    line(chart_.bad, theme_.bad);
  }

  void marks(const Geometry& geometry) {
    int free = 0;
    for (auto& mark : chart_.marks) {
      if (mark.time < geometry.from || mark.time > geometry.to) continue;
      int x = static_cast<int>(geometry.x_of(static_cast<double>(mark.time)));
      Colour colour = mark.back ? theme_.warn : theme_.mark;
      canvas_.vertical(x, geometry.plot.top - scale_, geometry.plot.bottom(), colour, 3 * scale_,
                       std::max(1, scale_ / 2));
      int width = Canvas::text_width(mark.text, scale_);
      int left = std::min(x, geometry.plot.right() - width);
      if (left < free) continue;
      canvas_.text(left, geometry.plot.top - line_height() + scale_, mark.text, colour, scale_);
      free = left + width + Canvas::letter_width * scale_;
    }
  }

  // The legend: swatch, name, newest value; as many lines as a third of the height takes.

  std::string legend_text(const DrawnSeries& series) const {
    return series.name + " " + chart_.format(newest(series));
  }
  int legend_width(const DrawnSeries& series) const {
    return Canvas::text_width(legend_text(series), scale_) + 20 * scale_;
  }
  int legend_rows_max() const { return std::max(1, box_.height / 3 / line_height()); }

  int legend_height(int width) const {
    int rows = 1;
    int x = 0;
    for (auto* series : series_) {
      if (x > 0 && x + legend_width(*series) > width) {
        ++rows;
        x = 0;
      }
      x += legend_width(*series);
    }
    return std::min(rows, legend_rows_max()) * line_height();
  }

  void draw_legend(const Box& box) {
    int x = box.left;
    int y = box.top + 2 * scale_;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      if (x > box.left && x + legend_width(*series_[i]) > box.right()) {
        x = box.left;
        y += line_height();
      }
      if (y + line_height() > box.bottom() + 2 * scale_) return;
      canvas_.fill({x, y, 7 * scale_, 7 * scale_}, colour_of(i));
      int end = canvas_.text(x + 10 * scale_, y, series_[i]->name, theme_.text, scale_, box.width);
      canvas_.text(end + Canvas::letter_width * scale_, y, chart_.format(newest(*series_[i])),
                   theme_.muted, scale_);
      x += legend_width(*series_[i]);
    }
  }

  // Numbers and lists.

  Colour level_of(double value) const {
    bool below = chart_.warn && chart_.bad && *chart_.bad < *chart_.warn;
    auto over = [&](const std::optional<double>& limit) {
      return limit && !std::isnan(value) && (below ? value <= *limit : value >= *limit);
    };
    return over(chart_.bad) ? theme_.bad : over(chart_.warn) ? theme_.warn : theme_.text;
  }

  Geometry numbers(const Box& body) {
    int x = body.left;
    for (auto* series : series_) {
      double value = newest(*series);
      int end = canvas_.text(x, body.top, chart_.format(value), level_of(value), 2 * scale_,
                             body.right() - x);
      end = canvas_.text(end + 4 * scale_, body.top + 7 * scale_, series->name, theme_.muted,
                         scale_, body.right() - end);
      x = end + 16 * scale_;
      if (x >= body.right()) break;
    }
    Geometry geometry;
    int top = body.top + 20 * scale_;
    geometry.plot = {body.left, top, body.width, std::max(1, body.bottom() - top)};
    geometry.from = chart_.from;
    geometry.to = chart_.from +
                  static_cast<std::int64_t>(std::max<std::size_t>(points(), 2) - 1) * chart_.step;
    range(geometry, {});
    curve(geometry, series_[0]->points, colour_of(0));
    return geometry;
  }

  Geometry rows(const Box& body) {
    std::vector<const DrawnSeries*> sorted = series_;
    auto rank = [](const DrawnSeries* series) {
      double value = newest(*series);
      return std::isnan(value) ? std::numeric_limits<double>::infinity() : -value;
    };
    if (chart_.kind != PanelKind::status) std::ranges::stable_sort(sorted, {}, rank);
    if (chart_.kind != PanelKind::status && sorted.size() > chart_.limit) {
      sorted.resize(chart_.limit);
    }
    double most = 0;
    for (auto* series : sorted) {
      if (newest(*series) > most) most = newest(*series);
    }
    int y = body.top;
    for (auto* series : sorted) {
      if (y + line_height() > body.bottom()) break;
      row(*series, most, {body.left, y, body.width, line_height()});
      y += line_height() + 2 * scale_;
    }
    return {};
  }

  void row(const DrawnSeries& series, double most, const Box& box) {
    double value = newest(series);
    Colour level = level_of(value);
    if (chart_.kind == PanelKind::top && most > 0 && value > 0) {
      canvas_.fill({box.left, box.top, static_cast<int>(box.width * value / most), box.height},
                   theme_.heat, 0.2);
    }
    if (chart_.kind == PanelKind::status) {
      Colour edge = std::isnan(value) ? theme_.muted : level == theme_.text ? theme_.ok : level;
      canvas_.fill({box.left, box.top, box.width, box.height}, edge, 0.12);
      canvas_.fill({box.left, box.top, 2 * scale_, box.height}, edge);
    }
    std::string text = chart_.format(value);
    int width = Canvas::text_width(text, scale_);
    canvas_.text(box.left + 4 * scale_, box.top + 2 * scale_, series.name, theme_.text, scale_,
                 box.width - width - 12 * scale_);
    canvas_.text(box.right() - width - 2 * scale_, box.top + 2 * scale_, text, level, scale_);
  }

  Canvas& canvas_;
  const Box box_;
  const ChartPicture& chart_;
  const Theme& theme_;
  const int scale_;
  std::vector<const DrawnSeries*> series_;  // those with a point
};

Theme make_theme(std::array<std::uint32_t, 11> base, std::array<std::uint32_t, 10> series) {
  Theme out;
  Colour* parts[] = {&out.back, &out.panel, &out.frame, &out.grid, &out.text, &out.muted,
                     &out.mark, &out.warn,  &out.bad,   &out.ok,   &out.heat};
  for (std::size_t i = 0; i < base.size(); ++i) *parts[i] = colour(base[i]);
  for (auto each : series) out.series.push_back(colour(each));
  return out;
}

}  // namespace

const Theme& theme(bool dark) {
  static const Theme light_theme =
      make_theme({0xf6f7f8, 0xffffff, 0xe2e5e9, 0xedeff2, 0x1b2127, 0x626d79, 0x5d6a76, 0x946200,
                  0xbf2d37, 0x2b7d4f, 0x1b6a86},
                 {0x1f77a4, 0xc8691c, 0x3b8a4e, 0x7d5cc0, 0xa88308, 0x0e8a8a, 0xb5468b, 0x5b6b7b,
                  0x8a5a3c, 0x6f8a1c});
  static const Theme dark_theme =
      make_theme({0x0f1317, 0x151a20, 0x262d35, 0x20262d, 0xd7dde3, 0x8b97a3, 0x93a0ac, 0xd6a13a,
                  0xf0767c, 0x57b27c, 0x6bb7d3},
                 {0x5fb0dc, 0xe8924d, 0x6fbf82, 0xad94e8, 0xd8b648, 0x4fbfbb, 0xe083bd, 0x9aa9b8,
                  0xc69574, 0xa6c250});
  return dark ? dark_theme : light_theme;
}

double Geometry::x_of(double milliseconds) const {
  return plot.left + plot.width * (milliseconds - static_cast<double>(from)) /
                         static_cast<double>(std::max<std::int64_t>(1, to - from));
}

double Geometry::y_of(double value) const {
  double part = logarithmic ? std::log(value / least) / std::log(most / least)
                            : (value - least) / (most - least);
  return plot.bottom() - plot.height * part;
}

std::vector<double> round_places(double least, double most, int wanted, bool binary) {
  double span = most - least;
  if (!(span > 0) || !std::isfinite(span)) return {};
  double base = binary ? 2 : 10;
  double rough = span / std::max(1, wanted);
  double power = std::pow(base, std::floor(std::log(rough) / std::log(base) + 1e-9));
  double step = power * base;
  for (double each : {5.0, 2.0, 1.0}) {
    bool fits = each < base && each * power >= rough * (1 - 1e-9);
    if (fits) step = each * power;
  }
  std::vector<double> out;
  for (double at = std::ceil(least / step - 1e-9); at * step <= most + step * 1e-9; ++at) {
    out.push_back(at * step + 0.0);
  }
  return out;
}

Geometry draw_chart(Canvas& canvas, const Box& box, const ChartPicture& chart, const Theme& theme,
                    int scale) {
  return Drawing(canvas, box, chart, theme, scale).draw();
}

}  // namespace berth::picture
