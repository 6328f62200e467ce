#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace berth::picture {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  bool operator==(const Colour&) const = default;
};

/// `#1f77a4` as a number: 0x1f77a4.
constexpr Colour colour(std::uint32_t hex) {
  return {static_cast<std::uint8_t>(hex >> 16), static_cast<std::uint8_t>(hex >> 8),
          static_cast<std::uint8_t>(hex)};
}

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;

  int right() const { return left + width; }
  int bottom() const { return top + height; }
};

/// Pixels that are drawn on: rectangles, lines with soft edges, text of a built-in font of 5 by 7
/// dots. What is outside is not drawn. A plain value; any thread.
class Canvas {
 public:
  static constexpr int side_max = 8192;
  static constexpr int letter_width = 6;   // of one letter with its gap, times the scale
  static constexpr int letter_height = 7;  // above the line; two more dots below it

  Canvas(int width, int height, Colour background);

  int width() const { return width_; }
  int height() const { return height_; }
  Colour at(int x, int y) const;
  /// Rows of red, green, blue.
  std::span<const std::uint8_t> bytes() const { return pixels_; }

  void fill(const Box& box, Colour colour, double opacity = 1);
  void horizontal(int left, int right, int y, Colour colour, int dash = 0, int thick = 1);
  void vertical(int x, int top, int bottom, Colour colour, int dash = 0, int thick = 1);
  /// Through all points, nothing outside `clip`. `dash` pixels are drawn, as many left out.
  void line(std::span<const Point> points, double thick, Colour colour, const Box& clip,
            double opacity = 1, int dash = 0);
  /// Between two edges that have a point at the same x each, from left to right.
  void area(std::span<const Point> top, std::span<const Point> bottom, Colour colour,
            double opacity, const Box& clip);

  /// Its upper left corner at x, y; answers where it ends. Cut with "…" where it is wider than
  /// `width_max`.
  int text(int x, int y, std::string_view text, Colour colour, int scale, int width_max = side_max);
  static int text_width(std::string_view text, int scale);

 private:
  void blend(int x, int y, Colour colour, double opacity);
  void glyph(int x, int y, char32_t letter, Colour colour, int scale);

  int width_;
  int height_;
  std::vector<std::uint8_t> pixels_;
};

/// The rows of a letter, 9 of them from above, bit 4 is the left dot; a box for one that is not
/// known.
std::span<const std::uint8_t, 9> letter_rows(char32_t letter);

}  // namespace berth::picture
