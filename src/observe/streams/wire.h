#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace berth::observe::streams {

/// Protobuf's wire format (its encoding guide): a walk over the fields of one message, without
/// copies. After a fault good() is false and nothing more comes. Takes and refuses what protobuf's
/// own reader does: `riemann_fuzz` holds the two against each other.
class WireReader {
 public:
  enum class Type : std::uint8_t { varint, fixed64, bytes, group, end_group, fixed32 };
  static constexpr int depth_max = 100;  // of messages and groups within each other

  explicit WireReader(std::string_view bytes, int depth = depth_max)
      : at_(bytes.data()), end_(at_ + bytes.size()), depth_(depth) {}

  /// Goes to the next field; false: that was the last, or a fault.
  bool next() {
    if (at_ == end_ || !good_) return false;
    std::uint32_t tag = read_tag();
    field_ = tag >> 3;
    type_ = static_cast<Type>(tag & 7);
    if (field_ == 0 || type_ == Type::end_group || (tag & 7) > 5) return fault();
    return good_;
  }
  bool is(std::uint32_t field, Type type) const { return field_ == field && type_ == type; }
  std::uint32_t field() const { return field_; }
  Type type() const { return type_; }
  bool good() const { return good_; }
  int depth() const { return depth_; }

  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) return fault();
      auto byte = static_cast<unsigned char>(*at_++);
      out |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return out;
    }
    return fault();
  }
  std::int64_t zigzag() {
    std::uint64_t value = varint();
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }
  std::uint64_t fixed64() { return fixed<std::uint64_t>(); }
  std::uint32_t fixed32() { return fixed<std::uint32_t>(); }
  double real() { return std::bit_cast<double>(fixed64()); }
  float short_real() { return std::bit_cast<float>(fixed32()); }
  std::string_view bytes() {
    std::size_t size = read_size();
    if (size > static_cast<std::size_t>(end_ - at_)) {
      fault();
      return {};
    }
    std::string_view out(at_, size);
    at_ += size;
    return out;
  }
  /// A field that is of no interest.
  void skip() {
    switch (type_) {
      case Type::varint:
        varint();
        break;
      case Type::fixed64:
        fixed64();
        break;
      case Type::bytes:
        bytes();
        break;
      case Type::fixed32:
        fixed32();
        break;
      default:
        skip_group();
    }
  }

 private:
  bool fault() {
    good_ = false;
    at_ = end_;
    return false;
  }
  // As protobuf: at most five bytes, of which 32 bits count.
  std::uint32_t read_tag() {
    std::uint32_t out = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return fault();
      auto byte = static_cast<unsigned char>(*at_++);
      out |= std::uint32_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return out;
    }
    return fault();
  }
  std::size_t read_size() {
    std::uint64_t out = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return fault();
      auto byte = static_cast<unsigned char>(*at_++);
      out |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return out;
    }
    return fault();
  }
  template <class T>
  T fixed() {
    if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) return fault();
    T out;
    std::memcpy(&out, at_, sizeof(T));
    at_ += sizeof(T);
    return out;
  }
  void skip_group() {
    std::uint32_t group = field_;
    if (--depth_ < 0) {
      fault();
      return;
    }
    for (;;) {
      if (at_ == end_) {
        fault();
        return;
      }
      std::uint32_t tag = read_tag();
      field_ = tag >> 3;
      type_ = static_cast<Type>(tag & 7);
      if (!good_ || field_ == 0 || (tag & 7) > 5) {
        fault();
        return;
      }
      if (type_ == Type::end_group) {
        ++depth_;
        if (field_ != group) fault();
        return;
      }
      skip();
      if (!good_) return;
    }
  }

  const char* at_;
  const char* end_;
  int depth_;
  bool good_ = true;
  std::uint32_t field_ = 0;
  Type type_ = Type::varint;
};
static_assert(std::endian::native == std::endian::little);

/// Appends fields to a message.
class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void varint(std::uint32_t field, std::uint64_t value) {
    tag(field, WireReader::Type::varint);
    varint(value);
  }
  void zigzag(std::uint32_t field, std::int64_t value) {
    varint(field, static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void bytes(std::uint32_t field, std::string_view text) {
    tag(field, WireReader::Type::bytes);
    varint(text.size());
    out_ += text;
  }
  void real(std::uint32_t field, double value) {
    tag(field, WireReader::Type::fixed64);
    raw(&value, sizeof(value));
  }
  void short_real(std::uint32_t field, float value) {
    tag(field, WireReader::Type::fixed32);
    raw(&value, sizeof(value));
  }
  /// A message within: its length in five bytes, put in when it is known, as protobuf allows.
  std::size_t begin(std::uint32_t field) {
    tag(field, WireReader::Type::bytes);
    out_.append(5, '\0');
    return out_.size();
  }
  void end(std::size_t begun) {
    std::size_t size = out_.size() - begun;
    for (int i = 0; i < 5; ++i) {
      out_[begun - 5 + static_cast<std::size_t>(i)] =
          static_cast<char>((size >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0));
    }
  }

 private:
  void tag(std::uint32_t field, WireReader::Type type) {
    varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(type));
  }
  void raw(const void* from, std::size_t size) {
    out_.append(static_cast<const char*>(from), size);
  }

  std::string& out_;
};

}  // namespace berth::observe::streams
