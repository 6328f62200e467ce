#include "app/terminal.h"

#include <algorithm>

#include "base/utf8.h"

namespace berth::app {
namespace {

/// How many bytes the escape at the begin of `text` has: a CSI sequence, a string such as a title
/// (OSC), or two.
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  std::size_t i = 2;
  if (text[1] == '[') {
    while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
    return std::min(i + 1, text.size());
  }
  if (text[1] == ']' || text[1] == 'P') {
    while (i < text.size() && text[i] != '\a' && text[i] != '\033') ++i;
    if (i < text.size() && text[i] == '\033') ++i;
    return std::min(i + 1, text.size());
  }
  return 2;
}

}  // namespace

std::string Style::paint(std::string_view text, const char* code) const {
  if (!colour || text.empty()) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

std::string Style::health(std::string_view word) const {
  if (word == "healthy") return green(word);
  if (word == "failing" || word == "failed" || word == "unhealthy") return red(word);
  if (word == "stopped") return dim(word);
  return yellow(word);
}

std::string Style::level(std::string_view level, std::string_view text) const {
  if (level == "ok") return green(text);
  if (level == "bad" || level == "error") return red(text);
  if (level == "warn") return yellow(text);
  return level == "debug" ? dim(text) : std::string(text);
}

std::size_t shown_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\033') {
      i += escape_length(text.substr(i));
    } else {
      width += (text[i] & 0xC0) != 0x80;
      ++i;
    }
  }
  return width;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (shown_width(text) <= columns) return std::string(text);
  std::string out;
  std::size_t room = columns > 0 ? columns - 1 : 0;
  bool painted = false;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 1;
    if (text[i] == '\033') {
      size = escape_length(text.substr(i));
      painted = true;
    } else {
      size = std::max<std::size_t>(utf8_length(text.substr(i)), 1);
      if (room == 0) break;
      --room;
    }
    out += text.substr(i, size);
    i += size;
  }
  if (columns > 0) out += "…";
  return painted ? out + "\033[0m" : out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\033') {
      i += escape_length(text.substr(i));
      continue;
    }
    ++i;
    if (byte == '\t') {
      out += "  ";
    } else if (byte == '\n') {
      out += ' ';
    } else if (byte >= 0x80 && byte < 0xa0 && out.ends_with('\xc2')) {
      out.pop_back();  // U+0080 to U+009F are control characters too; some terminals obey them
    } else if (byte >= 0x20 && byte != 0x7f) {
      out += static_cast<char>(byte);
    }
  }
  return out;
}

Table::Table(std::vector<std::string> head) : head_(std::move(head)) {
  for (auto& cell : head_) {
    right_.push_back(cell.starts_with('>'));
    if (right_.back()) cell.erase(0, 1);
  }
}

std::vector<std::string> Table::lines(const Style& style) const {
  std::vector<std::size_t> widths;
  for (auto& cell : head_) widths.push_back(shown_width(cell));
  for (auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], shown_width(row[i]));
    }
  }
  auto line = [&](const std::vector<std::string>& cells, bool head) {
    std::string out;
    std::size_t count = std::min(cells.size(), widths.size());
    for (std::size_t i = 0; i < count; ++i) {
      std::string pad(widths[i] - shown_width(cells[i]), ' ');
      std::string cell = head ? style.dim(cells[i]) : cells[i];
      bool last = i + 1 == count;
      out += right_[i] ? pad + cell : cell + (last ? "" : pad);
      if (!last) out += "  ";
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
  };
  std::vector<std::string> out{line(head_, true)};
  for (auto& row : rows_) out.push_back(line(row, false));
  return out;
}

std::string Table::text(const Style& style) const { return joined(lines(style)); }

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (auto& line : lines) out += line + "\n";
  return out;
}

}  // namespace berth::app
