#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/toml.h"

namespace berth {

/// All that is wrong with some files, so that a user sees everything at once.
class TomlErrors {
 public:
  static constexpr std::size_t shown_max = 50;

  void add(TomlProblem problem);
  bool any() const { return count_ != 0; }
  std::size_t count() const { return count_; }
  /// The first `shown_max`.
  const std::vector<TomlProblem>& problems() const { return problems_; }
  /// "FILE:LINE:COLUMN: text" of each of these.
  std::vector<std::string> lines() const;
  /// Nothing, or invalid with all lines; those after the first `shown_max` are only counted.
  Result<void> result() const;

 private:
  std::vector<TomlProblem> problems_;
  std::size_t count_ = 0;
};

/// Reads one table by its known keys. What is absent reads as nothing; what is of a wrong type or
/// out of range reads as nothing too and is added to the errors, as
/// "berth.toml:12:9: service.users.port must be an integer from 1 to 65535, found a string".
/// finish() then refuses every key that was not asked for and tells the nearest one that was and is
/// supported (and, as what is expected, all of these).
/// Keeps references to value and errors; lives on one stack.
class TomlReader {
 public:
  /// `path` names the table in messages: "service.users"; empty for the file itself.
  TomlReader(const TomlValue& table, std::string path, TomlErrors& errors);

  const std::string& path() const { return path_; }
  const TomlValue& table() const { return table_; }
  bool has(std::string_view key) const { return table_.find(key) != nullptr; }

  std::optional<std::string> string(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key,
                                      std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                                      std::int64_t most = std::numeric_limits<std::int64_t>::max());
  std::optional<double> number(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  /// Written as in base/units.h; a plain integer is a size in bytes, a plain number of cpu cores.
  std::optional<Duration> duration(std::string_view key);
  std::optional<std::int64_t> size(std::string_view key);
  std::optional<std::int64_t> cpu(std::string_view key);
  /// An array of strings.
  std::optional<std::vector<std::string>> strings(std::string_view key);
  /// A table whose values are strings, in the file's order.
  std::optional<std::vector<std::pair<std::string, std::string>>> string_map(std::string_view key);
  /// A table; read it and call its finish().
  std::optional<TomlReader> table(std::string_view key);
  /// A table of tables, such as [service.NAME]: each with its name.
  std::vector<std::pair<std::string, TomlReader>> tables(std::string_view key);
  /// An array of tables, such as [[log]]: calls `read` with a reader of each, "log[0]", and its
  /// finish().
  template <class F>
  void each_table(std::string_view key, F&& read);
  /// A value of any type, for the caller to look at.
  const TomlValue* value(std::string_view key);

  /// Adds an error at the key's value: "PATH.KEY text"; at the table if there is no such key.
  void fail(std::string_view key, std::string_view text, std::string expected = "",
            std::string nearest = "");
  /// Adds "PATH.KEY is missing" if it is.
  void require(std::string_view key);
  /// Refuses these keys as something that Berth does not do yet.
  void not_yet(std::initializer_list<std::string_view> keys);
  /// Refuses the keys that were not asked for.
  void finish();

 private:
  std::string name(std::string_view key) const;
  void wrong_type(std::string_view key, const TomlValue& found, std::string_view expected);
  template <class T>
  std::optional<T> taken(std::string_view key, Result<T> read, std::string_view expected);

  const TomlValue& table_;
  std::string path_;
  TomlErrors& errors_;
  std::vector<std::string> known_;
  std::vector<std::string> later_;  // of these, what is not supported yet
};

template <class F>
void TomlReader::each_table(std::string_view key, F&& read) {
  const TomlValue* list = value(key);
  if (!list) return;
  if (list->type() != TomlValue::Type::array) return fail(key, "must be an array of tables");
  std::size_t index = 0;
  for (auto& item : list->items()) {
    if (!item.is_table()) return fail(key, "must be an array of tables");
    TomlReader inner(item, name(key) + "[" + std::to_string(index++) + "]", errors_);
    read(inner);
    inner.finish();
  }
}

}  // namespace berth
