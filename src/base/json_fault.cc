#include "base/json_fault.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace berth {

namespace {

/// A recursive descent through the text that keeps nothing but where it is. Each function returns
/// false once the fault is known.
class FaultFinder {
 public:
  FaultFinder(std::string_view text, std::size_t depth_max) : text_(text), depth_max_(depth_max) {}

  JsonFault find() {
    if (!value(0)) return std::move(fault_);
    skip_blank();
    if (at_ < text_.size())
      fail("expected the end of the text");
    else
      fail("it is not JSON that Berth can read");
    return std::move(fault_);
  }

 private:
  bool fail(std::string_view reason) {
    fault_.offset = at_;
    fault_.reason = fmt::format("{}, found {}", reason, found());
    return false;
  }

  std::string found() const {
    if (at_ >= text_.size()) return "the end of the text";
    auto c = static_cast<unsigned char>(text_[at_]);
    if (c > 0x20 && c < 0x7f) return fmt::format("'{}'", text_[at_]);
    std::size_t length = utf8_length(text_.substr(at_));
    if (c > 0x80 && length) return fmt::format("'{}'", text_.substr(at_, length));
    return c == '\n' ? "the end of the line" : fmt::format("the byte 0x{:02x}", c);
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blank() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    at_++;
    return true;
  }

  bool value(std::size_t depth) {
    skip_blank();
    char c = peek();
    if (c == '"') return string();
    if (c == '-' || (c >= '0' && c <= '9')) return number();
    if (c == '{' || c == '[') {
      if (depth >= depth_max_) return fail(fmt::format("values may be nested {} deep", depth_max_));
      return c == '{' ? object(depth + 1) : array(depth + 1);
    }
    for (std::string_view word : {"true", "false", "null"})
      if (text_.substr(at_).starts_with(word)) return at_ += word.size(), true;
    return fail("expected a value");
  }

  bool object(std::size_t depth) {
    at_++;
    skip_blank();
    if (take('}')) return true;
    for (;;) {
      skip_blank();
      if (peek() != '"') return fail("expected a key in double quotes");
      if (!string()) return false;
      skip_blank();
      if (!take(':')) return fail("expected ':' behind the key");
      if (!value(depth)) return false;
      skip_blank();
      if (take('}')) return true;
      if (!take(',')) return fail("expected ',' or '}'");
    }
  }

  bool array(std::size_t depth) {
    at_++;
    skip_blank();
    if (take(']')) return true;
    for (;;) {
      if (!value(depth)) return false;
      skip_blank();
      if (take(']')) return true;
      if (!take(',')) return fail("expected ',' or ']'");
    }
  }

  bool string() {
    at_++;
    while (at_ < text_.size()) {
      auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') return at_++, true;
      if (c < 0x20) return fail("expected an escape such as \\n in the string");
      if (c == '\\') {
        if (!escape()) return false;
      } else if (std::size_t length = utf8_length(text_.substr(at_))) {
        at_ += length;
      } else {
        return fail("expected UTF-8 in the string");
      }
    }
    return fail("expected '\"' at the end of the string");
  }

  bool escape() {
    at_++;
    if (std::string_view("\"\\/bfnrt").find(peek()) != std::string_view::npos && peek())
      return at_++, true;
    if (peek() != 'u') return fail("expected one of \"\\/bfnrtu behind the backslash");
    std::size_t start = at_ - 1;
    unsigned unit = 0;
    if (!four_hex(unit)) return false;
    bool high = unit >= 0xd800 && unit < 0xdc00;
    bool low = unit >= 0xdc00 && unit < 0xe000;
    if (high && text_.substr(at_).starts_with("\\u")) {
      at_++;
      if (!four_hex(unit)) return false;
      if (unit >= 0xdc00 && unit < 0xe000) return true;
    }
    if (!high && !low) return true;
    at_ = start;
    return fail("expected both halves of a surrogate pair");
  }

  bool four_hex(unsigned& unit) {
    at_++;
    unit = 0;
    for (int i = 0; i < 4; i++, at_++) {
      std::size_t digit = std::string_view("0123456789abcdef").find(peek() | 0x20);
      if (digit == std::string_view::npos || peek() < '0')
        return fail("expected four hexadecimal digits");
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return true;
  }

  bool digits() {
    std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') at_++;
    return at_ > start || fail("expected a digit");
  }

  bool number() {
    std::size_t start = at_;
    take('-');
    if (take('0')) {
      if (peek() >= '0' && peek() <= '9') return fail("expected no digit behind a leading 0");
    } else if (!digits()) {
      return false;
    }
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!digits()) return false;
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    std::string_view text = text_.substr(start, at_ - start);
    if ((whole && too_large(text)) || (!whole && !fits_double(text))) {
      at_ = start;
      return fail("the number is too large for 64 bits");
    }
    return true;
  }

  static bool too_large(std::string_view text) {
    std::string_view most = text[0] == '-' ? "9223372036854775808" : "18446744073709551615";
    if (text[0] == '-') text.remove_prefix(1);
    return text.size() > most.size() || (text.size() == most.size() && text > most);
  }
  static bool fits_double(std::string_view text) {
    double value = std::strtod(std::string(text).c_str(), nullptr);
    return value - value == 0;
  }

  std::string_view text_;
  std::size_t depth_max_;
  std::size_t at_ = 0;
  JsonFault fault_;
};

}  // namespace

JsonFault find_json_fault(std::string_view text, std::size_t depth_max) {
  return FaultFinder(text, depth_max).find();
}

}  // namespace berth
