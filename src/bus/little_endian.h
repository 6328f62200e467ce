#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace berth::bus {

/// Numbers of fixed width, least significant byte first, as the bus's files have them.
template <class T>
void append_fixed(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); i++) {
    out += static_cast<char>((std::uint64_t{value} >> (8 * i)) & 0xff);
  }
}
/// `text` has at least sizeof(T) bytes from `at`.
template <class T>
T read_fixed(std::string_view text, std::size_t at) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>((std::uint64_t{value} << 8) | static_cast<unsigned char>(text[at + i]));
  }
  return value;
}

}  // namespace berth::bus
