#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/varint.h"

namespace berth::bus {

inline void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}
inline void append_time(std::string& out, WallTime time) {
  append_varint(out, static_cast<std::uint64_t>(time.nanoseconds));
}

/// Takes such fields from the front. After one that is not whole, `good` is false and all that
/// follow are empty.
struct FieldReader {
  std::string_view left;
  bool good = true;

  std::uint64_t number() {
    auto value = good ? take_varint(left) : std::nullopt;
    good = value.has_value();
    return value.value_or(0);
  }
  std::string_view text() {
    std::uint64_t size = number();
    if (size > left.size()) good = false;
    if (!good) return {};
    std::string_view text = left.substr(0, size);
    left.remove_prefix(size);
    return text;
  }
  WallTime time() { return {static_cast<std::int64_t>(number())}; }
};

}  // namespace berth::bus
