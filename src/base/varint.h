#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace berth {

/// Appends a number in 1 to 10 bytes, 7 bits each, least significant first, the top bit set on all
/// but the last (LEB128, as in protobuf).
inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

/// Takes such a number from the front; nothing if it does not end or does not fit in 64 bits.
inline std::optional<std::uint64_t> take_varint(std::string_view& text) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 10 && i < text.size(); i++) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (i == 9 && byte > 1) return std::nullopt;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      text.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

/// A text behind its length as such a number.
inline void append_sized(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}
/// Takes such a text from the front; nothing if it is cut off.
inline std::optional<std::string_view> take_sized(std::string_view& text) {
  auto size = take_varint(text);
  if (!size || *size > text.size()) return std::nullopt;
  std::string_view taken = text.substr(0, *size);
  text.remove_prefix(*size);
  return taken;
}

}  // namespace berth
