#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace berth {

struct TomlMember;

/// Where something stands in a file: lines and columns count from 1, columns in characters.
struct TomlPlace {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  /// "berth.toml:12:9".
  std::string text() const;
};

/// One thing that is wrong in a file.
struct TomlProblem {
  TomlPlace place;
  std::string text;      // a sentence that says what was found and what may stand there
  std::string expected;  // what may stand there, alone; empty if that cannot be said
  std::string nearest;   // the right word that was probably meant; empty if there is none

  /// "berth.toml:12:9: unknown key 'prot'; did you mean 'port'?"
  std::string line() const;
};

/// A value of a TOML 1.0 file with its place: string, integer, float, boolean, date or time (whose
/// text is not kept), array or table, whose members keep the file's order. A plain value that owns
/// all it holds. To read one with good messages use TomlReader (base/toml_reader.h).
class TomlValue {
 public:
  enum class Type : std::uint8_t { string, integer, floating, boolean, date, array, table };
  using Array = std::vector<TomlValue>;
  using Table = std::vector<TomlMember>;

  /// An empty table without a place.
  TomlValue();
  TomlValue(const TomlValue&);
  TomlValue(TomlValue&&) noexcept;
  TomlValue& operator=(TomlValue) noexcept;
  ~TomlValue();

  /// Reads a whole file of at most 1 MiB; `file` is its name in messages. invalid:
  /// "berth.toml:3:7: ...".
  static Result<TomlValue> parse(std::string_view text, std::string file);
  /// The same, with the reason apart: nothing if it cannot be read, then `problem` says why.
  static std::optional<TomlValue> parse(std::string_view text, std::string file,
                                        TomlProblem& problem);

  Type type() const { return static_cast<Type>(body_.index()); }
  bool is_table() const { return type() == Type::table; }
  /// "a string", "an integer", "a number", "a boolean", "a date", "an array", "a table".
  std::string_view kind() const;
  const TomlPlace& place() const { return place_; }

  /// Null pointers when it is of another type.
  const std::string* string() const { return std::get_if<std::string>(&body_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&body_); }
  const double* floating() const { return std::get_if<double>(&body_); }
  const bool* boolean() const { return std::get_if<bool>(&body_); }
  /// Empty when it is of another type.
  const Array& items() const;
  const Table& members() const;
  /// The member's value, or null pointer.
  const TomlValue* find(std::string_view key) const;

  /// Puts `other` over this one: members of tables one by one, anything else as a whole. What was
  /// put keeps its own place and file.
  void overlay(const TomlValue& other);

 private:
  friend class TomlBuilder;
  struct Date {};

  /// In the order of Type.
  std::variant<std::string, std::int64_t, double, bool, Date, Array, Table> body_;
  TomlPlace place_;
};

struct TomlMember {
  std::string key;
  TomlPlace key_place;
  TomlValue value;
};

}  // namespace berth
