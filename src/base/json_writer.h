#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

/// Appends JSON to a string as it comes, with commas, colons and escapes in the right places and
/// without building a document. The caller calls in a sensible order (a key before each value in
/// an object, each begin with its end). Bytes that are not UTF-8 become U+FFFD; numbers that
/// JSON has not (infinite, not a number) become null. Doubles are as short as reads back the same.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return begin('{'); }
  JsonWriter& end_object() { return end('}'); }
  JsonWriter& begin_array() { return begin('['); }
  JsonWriter& end_array() { return end(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& null() { return raw("null"); }
  JsonWriter& value(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& value(double value);
  JsonWriter& value(std::string_view value);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  template <std::signed_integral T>
  JsonWriter& value(T number) {
    return signed_integer(number);
  }
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  JsonWriter& value(T number) {
    return unsigned_integer(number);
  }
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& member(std::string_view name, const T& value) {
    return key(name).value(value);
  }

 private:
  JsonWriter& begin(char bracket);
  JsonWriter& end(char bracket);
  JsonWriter& signed_integer(std::int64_t number);
  JsonWriter& unsigned_integer(std::uint64_t number);
  void separate() {
    if (comma_) out_ += ',';
    comma_ = true;
  }

  std::string& out_;
  bool comma_ = false;
};

/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace berth
