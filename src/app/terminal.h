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
  std::string cyan(std::string_view text) const { return paint(text, "36"); }
  std::string reversed(std::string_view text) const { return paint(text, "7"); }
  /// By the word for a state: healthy green, failing red, the rest yellow.
  std::string health(std::string_view word) const;
  /// `text` in the colour of a level of the API: ok, warn, bad (and error, info, debug of logs).
  std::string level(std::string_view level, std::string_view text) const;
};

/// How many columns a text takes: escapes none, each code point one.
std::size_t shown_width(std::string_view text);
/// At most `columns` columns of it, "…" where something was left out; its colours end with it.
std::string cut(std::string_view text, std::size_t columns);
/// What came from elsewhere made safe for a terminal: without escapes and control characters, a tab
/// as two spaces, a line end as a space.
std::string printable(std::string_view text);

/// Rows of cells under a head, columns two spaces apart. A head that begins with '>' has its column
/// aligned to the right, for numbers. The last column is never padded.
class Table {
 public:
  explicit Table(std::vector<std::string> head);
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  /// The head and the rows, each a line without its end.
  std::vector<std::string> lines(const Style& style) const;
  std::string text(const Style& style) const;

 private:
  std::vector<std::string> head_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

/// The lines, each with its end.
std::string joined(const std::vector<std::string>& lines);

}  // namespace berth::app
