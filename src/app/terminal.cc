#include "app/terminal.h"

#include <algorithm>

namespace berth::app {

std::string Style::paint(std::string_view text, const char* code) const {
  if (!colour) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

std::string Style::health(std::string_view word) const {
  if (word == "healthy") return green(word);
  if (word == "failing" || word == "failed" || word == "unhealthy") return red(word);
  return yellow(word);
}

std::size_t shown_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      while (i < text.size() && text[i] != 'm') ++i;
    } else if ((text[i] & 0xC0) != 0x80) {
      ++width;
    }
  }
  return width;
}

std::string Table::text(const Style& style) const {
  std::vector<std::size_t> widths;
  for (auto& cell : head_) widths.push_back(shown_width(cell));
  for (auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], shown_width(row[i]));
    }
  }
  auto line = [&](const std::vector<std::string>& cells, bool head) {
    std::string out;
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
      std::string pad(widths[i] - shown_width(cells[i]), ' ');
      std::string cell = head ? style.dim(cells[i]) : cells[i];
      out += i >= right_from_ ? pad + cell : cell + pad;
      if (i + 1 < widths.size()) out += "  ";
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out + "\n";
  };
  std::string out = line(head_, true);
  for (auto& row : rows_) out += line(row, false);
  return out;
}

}  // namespace berth::app
