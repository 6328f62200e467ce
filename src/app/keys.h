#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace berth::app {

/// A key that was pressed, as far as screens care.
struct Key {
  enum class Kind : std::uint8_t {
    character,
    enter,
    escape,
    backspace,
    up,
    down,
    page_up,
    page_down,
    home,
    end,
    interrupt,  // Ctrl-C, Ctrl-D
    other,
  };
  Kind kind = Kind::other;
  char character = 0;  // of Kind::character: printable ASCII
  bool operator==(const Key&) const = default;
};

/// The keys in what a terminal sent (ECMA-48 sequences as xterm sends them). A lone escape at the
/// end is the Escape key; what is not known is `other`.
std::vector<Key> keys_of(std::string_view typed);

}  // namespace berth::app
