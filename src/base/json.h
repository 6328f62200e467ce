#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json_writer.h"
#include "base/result.h"

namespace berth {

struct JsonMember;

/// What Json::parse refuses with `invalid`.
struct JsonLimits {
  std::size_t text_bytes_max = std::size_t{16} << 20;
  std::size_t depth_max = 64;  // arrays and objects within each other; empty ones do not count
};

/// One JSON value (RFC 8259) that owns all it holds: null, true or false, a number (kept exact as
/// a 64-bit integer where it is one), a string of UTF-8, an array or an object, whose members keep
/// their order. A plain value: copy it, move it, from any thread. Of two members with one key the
/// last counts, as in most readers. Reading a value as what it is not yields nothing, never fails.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<JsonMember>;

  Json() noexcept;
  Json(std::nullptr_t) noexcept : Json() {}
  Json(bool value);
  template <std::signed_integral T>
  Json(T value) : Json(from_signed(value)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  Json(T value) : Json(from_unsigned(value)) {}
  Json(double value);
  Json(std::string value);
  Json(std::string_view value) : Json(std::string(value)) {}
  Json(const char* value) : Json(std::string(value)) {}
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  static Json array();
  static Json object();
  static Json array_of(std::vector<std::string> texts);

  /// Reads one value and nothing behind it. invalid: "JSON line 3, column 7: expected ...", with
  /// lines and columns from 1 and columns in characters.
  static Result<Json> parse(std::string_view text, JsonLimits limits = {});

  /// "null", "a boolean", "an integer", "a number", "a string", "an array", "an object".
  std::string_view kind() const;
  bool is_null() const { return std::holds_alternative<std::nullptr_t>(body_); }
  bool is_string() const { return std::holds_alternative<std::string>(body_); }
  bool is_array() const { return std::holds_alternative<Array>(body_); }
  bool is_object() const { return std::holds_alternative<Object>(body_); }

  std::optional<bool> boolean() const;
  /// Also of a number without fraction; nothing when it does not fit.
  std::optional<std::int64_t> integer() const;
  std::optional<std::uint64_t> unsigned_integer() const;
  /// Of any number, rounded to a double.
  std::optional<double> number() const;
  /// Null when it is no string.
  const std::string* string() const { return std::get_if<std::string>(&body_); }
  std::string_view string_or(std::string_view other) const;
  /// The values of an array; empty for anything else.
  const Array& items() const;
  /// The members of an object in order; empty for anything else.
  const Object& members() const;

  /// The member's value, or null pointer when it is no object or has no such key.
  const Json* find(std::string_view key) const;
  /// The member's value, or a null value: chains like json["a"]["b"].integer() are safe.
  const Json& operator[](std::string_view key) const;
  const Json& operator[](const char* key) const { return (*this)[std::string_view(key)]; }

  /// The member of that type, or invalid: "'port' is missing", "'port' must be an integer, found
  /// a string".
  Result<std::string> string_at(std::string_view key) const;
  Result<std::int64_t> integer_at(std::string_view key) const;
  Result<double> number_at(std::string_view key) const;
  Result<bool> boolean_at(std::string_view key) const;

  /// Sets a member; a null value becomes an object first. Other values: a bug.
  Json& set(std::string key, Json value);
  /// As set, for keys that are known to be new: does not look for the key.
  Json& add_member(std::string key, Json value);
  /// Adds to an array; a null value becomes an array first. Other values: a bug.
  Json& add(Json value);

  /// Without blanks, on one line.
  std::string text() const;
  void write(JsonWriter& out) const;

  bool operator==(const Json& other) const;

 private:
  static Json from_signed(std::int64_t value);
  static Json from_unsigned(std::uint64_t value);

  /// Unsigned only what does not fit into the signed one.
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      body_;
};

struct JsonMember {
  std::string key;
  Json value;

  bool operator==(const JsonMember&) const = default;
};

}  // namespace berth
