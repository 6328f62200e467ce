#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth::app {

/// What colours and widths a text may use. Plain (a pipe, NO_COLOR) writes no escape at all.
struct Style {
  bool colour = false;
  std::size_t columns = 100;

  std::string paint(std::string_view text, const char* code) const;
  std::string bold(std::string_view text) const { return paint(text, "1"); }
  std::string dim(std::string_view text) const { return paint(text, "2"); }
  std::string red(std::string_view text) const { return paint(text, "31"); }
  std::string green(std::string_view text) const { return paint(text, "32"); }
  std::string yellow(std::string_view text) const { return paint(text, "33"); }
  /// By the word for a state: healthy green, failing red, the rest yellow.
  std::string health(std::string_view word) const;
};

/// How many columns a text takes: escapes none, each code point one.
std::size_t shown_width(std::string_view text);

/// Rows of cells under a head, columns aligned by two spaces; cells that read as numbers to the
/// right.
class Table {
 public:
  explicit Table(std::vector<std::string> head, std::size_t right_from = 99)
      : head_(std::move(head)), right_from_(right_from) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::string text(const Style& style) const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
  std::size_t right_from_;  // columns from this one are aligned to the right
};

}  // namespace berth::app
