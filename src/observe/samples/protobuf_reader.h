#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/varint.h"

namespace berth::observe {

/// One field of a protobuf message (protobuf.dev/programming-guides/encoding).
struct ProtobufField {
  std::uint32_t number = 0;
  std::uint64_t integer = 0;  // of a varint, or the bits of a fixed number
  std::string_view bytes;     // of a length-delimited one
  const char* begin = nullptr;
  const char* end = nullptr;

  double real() const {
    double value = 0;
    std::memcpy(&value, &integer, sizeof value);
    return value;
  }
};

/// Takes fields from the front of a message that is read in place. After next() has given nothing,
/// good() tells whether the message ended there.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view text) : text_(text) {}

  std::optional<ProtobufField> next() {
    if (text_.empty()) return std::nullopt;
    ProtobufField field;
    field.begin = text_.data();
    auto tag = take_varint(text_);
    good_ = tag && take(static_cast<unsigned>(*tag & 7), field);
    if (!good_) return std::nullopt;
    field.number = static_cast<std::uint32_t>(*tag >> 3);
    field.end = text_.data();
    return field;
  }
  bool good() const { return good_; }

 private:
  bool take(unsigned wire, ProtobufField& field) {
    if (wire == 1 || wire == 5) {
      std::size_t size = wire == 1 ? 8 : 4;
      if (text_.size() < size) return false;
      std::memcpy(&field.integer, text_.data(), size);
      text_.remove_prefix(size);
      return true;
    }
    auto value = take_varint(text_);
    if (!value) return false;
    if (wire == 0) field.integer = *value;
    if (wire != 2) return wire == 0;
    if (*value > text_.size()) return false;
    field.bytes = text_.substr(0, *value);
    text_.remove_prefix(*value);
    return true;
  }

  std::string_view text_;
  bool good_ = true;
};

}  // namespace berth::observe
