#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace berth {

/// How many bytes the first character of `text` has, 1 to 4, or 0 if it does not begin with valid
/// UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
inline std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  unsigned first = byte(0);
  unsigned second = byte(1);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return follows(1) ? 2 : 0;
  if (first < 0xf0) {
    if (first == 0xe0 && second < 0xa0) return 0;
    if (first == 0xed && second > 0x9f) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first > 0xf4) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return follows(1) && follows(2) && follows(3) ? 4 : 0;
}

/// True if all of `text` is valid UTF-8, in that strict sense.
inline bool is_utf8(std::string_view text) {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  while (!text.empty()) {
    std::uint64_t word = high_bits;
    if (text.size() >= sizeof word) std::memcpy(&word, text.data(), sizeof word);
    std::size_t length = (word & high_bits) == 0 ? sizeof word : utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// `text`, or as many of its first whole characters as leave room for "…" within `bytes_max` (at
/// least 3).
inline std::string cut_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

/// Where a byte of a text stands, for messages: from 1, columns in characters.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};
inline TextPosition position_of(std::string_view text, std::size_t offset) {
  TextPosition at;
  for (char c : text.substr(0, offset)) {
    if (c == '\n') {
      at.line++;
      at.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      at.column++;
    }
  }
  return at;
}

/// Appends the character of that number, at most 0x10ffff (RFC 3629 section 3).
inline void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  int rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;  // bytes after the first
  constexpr unsigned marks[] = {0, 0xc0, 0xe0, 0xf0};
  out += static_cast<char>(marks[rest] | code >> (6 * rest));
  while (rest-- > 0) out += static_cast<char>(0x80 | (code >> (6 * rest) & 0x3f));
}

}  // namespace berth
