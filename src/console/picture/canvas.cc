#include "console/picture/canvas.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace berth::picture {
namespace {

constexpr char32_t ellipsis = 0x2026;

/// The letters of a text of UTF-8; bytes that are none count as one each.
std::vector<char32_t> letters_of(std::string_view text) {
  std::vector<char32_t> letters;
  for (std::size_t i = 0; i < text.size();) {
    auto first = static_cast<unsigned char>(text[i++]);
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    char32_t letter = more == 0 ? first : first & (0x3fu >> more);
    for (; more > 0 && i < text.size(); --more) {
      letter = letter << 6 | (static_cast<unsigned char>(text[i++]) & 0x3f);
    }
    letters.push_back(letter);
  }
  return letters;
}

/// How far a point is from the line between two others.
double distance(Point p, Point a, Point b) {
  double dx = b.x - a.x;
  double dy = b.y - a.y;
  double length = dx * dx + dy * dy;
  double part =
      length == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0., 1.);
  return std::hypot(p.x - a.x - part * dx, p.y - a.y - part * dy);
}

int floor_of(double value) { return static_cast<int>(std::floor(value)); }

/// How much of each pixel of a box a line covers; what several parts cover counts once.
class Coverage {
 public:
  explicit Coverage(const Box& clip)
      : clip_(clip),
        parts_(static_cast<std::size_t>(clip.width) * static_cast<std::size_t>(clip.height)) {}

  void add(Point a, Point b, double thick) {
    double reach = thick / 2 + 1;
    int left = std::max(clip_.left, floor_of(std::min(a.x, b.x) - reach));
    int right = std::min(clip_.right() - 1, floor_of(std::max(a.x, b.x) + reach));
    int top = std::max(clip_.top, floor_of(std::min(a.y, b.y) - reach));
    int bottom = std::min(clip_.bottom() - 1, floor_of(std::max(a.y, b.y) + reach));
    for (int y = top; y <= bottom; ++y) {
      for (int x = left; x <= right; ++x) {
        double from = distance({x + 0.5, y + 0.5}, a, b);
        auto part = static_cast<float>(std::clamp(thick / 2 + 0.5 - from, 0.0, 1.0));
        auto& now = parts_[index(x, y)];
        now = std::max(now, part);
      }
    }
  }
  template <class F>
  void each(F&& visit) const {
    for (int y = clip_.top; y < clip_.bottom(); ++y) {
      for (int x = clip_.left; x < clip_.right(); ++x) {
        if (float part = parts_[index(x, y)]; part > 0) visit(x, y, part);
      }
    }
  }

 private:
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y - clip_.top) * static_cast<std::size_t>(clip_.width) +
           static_cast<std::size_t>(x - clip_.left);
  }

  Box clip_;
  std::vector<float> parts_;
};

/// The height of an edge at x, by the two points around it.
double edge_at(std::span<const Point> edge, std::size_t& next, double x) {
  while (next + 1 < edge.size() && edge[next].x < x) ++next;
  if (next == 0 || edge[next].x == edge[next - 1].x) return edge[next].y;
  Point a = edge[next - 1];
  Point b = edge[next];
  return a.y + (b.y - a.y) * std::clamp((x - a.x) / (b.x - a.x), 0.0, 1.0);
}

}  // namespace

Canvas::Canvas(int width, int height, Colour background) : width_(width), height_(height) {
  bool fits = width > 0 && height > 0 && width <= side_max && height <= side_max;
  check(fits, "a picture of that size");
  pixels_.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  fill({0, 0, width, height}, background);
}

Colour Canvas::at(int x, int y) const {
  auto* pixel =
      pixels_.data() + 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                            static_cast<std::size_t>(x));
  return {pixel[0], pixel[1], pixel[2]};
}

void Canvas::blend(int x, int y, Colour colour, double opacity) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  auto* pixel =
      pixels_.data() + 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                            static_cast<std::size_t>(x));
  std::uint8_t parts[] = {colour.red, colour.green, colour.blue};
  for (int i = 0; i < 3; ++i) {
    pixel[i] = static_cast<std::uint8_t>(std::lround(pixel[i] + (parts[i] - pixel[i]) * opacity));
  }
}

void Canvas::fill(const Box& box, Colour colour, double opacity) {
  for (int y = std::max(0, box.top); y < std::min(height_, box.bottom()); ++y) {
    for (int x = std::max(0, box.left); x < std::min(width_, box.right()); ++x) {
      blend(x, y, colour, opacity);
    }
  }
}

void Canvas::horizontal(int left, int right, int y, Colour colour, int dash, int thick) {
  for (int x = left; x <= right; ++x) {
    if (dash > 0 && (x - left) / dash % 2 == 1) continue;
    fill({x, y, 1, thick}, colour);
  }
}

void Canvas::vertical(int x, int top, int bottom, Colour colour, int dash, int thick) {
  for (int y = top; y <= bottom; ++y) {
    if (dash > 0 && (y - top) / dash % 2 == 1) continue;
    fill({x, y, thick, 1}, colour);
  }
}

void Canvas::line(std::span<const Point> points, double thick, Colour colour, const Box& clip,
                  double opacity, int dash) {
  if (clip.width <= 0 || clip.height <= 0 || points.empty()) return;
  Coverage coverage(clip);
  if (points.size() == 1) coverage.add(points[0], points[0], thick + 1);
  for (std::size_t i = 1; i < points.size(); ++i) coverage.add(points[i - 1], points[i], thick);
  coverage.each([&](int x, int y, float part) {
    if (dash > 0 && (x - clip.left) / dash % 2 == 1) return;
    blend(x, y, colour, opacity * static_cast<double>(part));
  });
}

void Canvas::area(std::span<const Point> top, std::span<const Point> bottom, Colour colour,
                  double opacity, const Box& clip) {
  if (top.empty() || bottom.empty()) return;
  std::size_t over = 0;
  std::size_t under = 0;
  int left = std::max(clip.left, floor_of(top.front().x));
  int right = std::min(clip.right() - 1, floor_of(top.back().x));
  for (int x = left; x <= right; ++x) {
    double upper = std::max(edge_at(top, over, x + 0.5), static_cast<double>(clip.top));
    double lower = std::min(edge_at(bottom, under, x + 0.5), static_cast<double>(clip.bottom()));
    for (int y = floor_of(upper); y < lower; ++y) {
      double part = std::min(lower, y + 1.0) - std::max(upper, static_cast<double>(y));
      if (part > 0) blend(x, y, colour, opacity * part);
    }
  }
}

int Canvas::text_width(std::string_view text, int scale) {
  return static_cast<int>(letters_of(text).size()) * letter_width * scale;
}

int Canvas::text(int x, int y, std::string_view text, Colour colour, int scale, int width_max) {
  auto letters = letters_of(text);
  auto room = static_cast<std::size_t>(std::max(0, width_max / (letter_width * scale)));
  if (letters.size() > room) {
    letters.resize(room);
    if (!letters.empty()) letters.back() = ellipsis;
  }
  for (char32_t letter : letters) {
    glyph(x, y, letter, colour, scale);
    x += letter_width * scale;
  }
  return x;
}

void Canvas::glyph(int x, int y, char32_t letter, Colour colour, int scale) {
  int row = 0;
  for (std::uint8_t bits : letter_rows(letter)) {
    for (int column = 0; column < 5; ++column) {
      if (bits >> (4 - column) & 1) {
        fill({x + column * scale, y + row * scale, scale, scale}, colour);
      }
    }
    ++row;
  }
}

}  // namespace berth::picture
