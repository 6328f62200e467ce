#include "app/frame.h"

#include <fmt/format.h>

#include "app/terminal.h"

namespace berth::app {

void Frame::forget() { columns_ = rows_ = 0; }

std::string Frame::update(const std::vector<std::string>& lines, std::size_t columns,
                          std::size_t rows) {
  std::string body;
  if (columns != columns_ || rows != rows_) {
    body = "\033[?7l\033[H\033[2J";  // without wrapping, a line too long harms no other
    columns_ = columns;
    rows_ = rows;
    shown_.assign(rows, "");
  }
  for (std::size_t row = 0; row < rows; ++row) {
    std::string line = row < lines.size() ? cut(lines[row], columns) : "";
    if (line == shown_[row]) continue;
    body += fmt::format("\033[{};1H{}\033[K", row + 1, line);
    shown_[row] = std::move(line);
  }
  // Terminals that know synchronised updates show the whole change at once; others pass them over.
  return body.empty() ? body : "\033[?2026h" + body + "\033[?2026l";
}

}  // namespace berth::app
