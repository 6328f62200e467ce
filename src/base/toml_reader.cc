#include "base/toml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/strings.h"
#include "base/units.h"

namespace berth {

namespace {
constexpr std::string_view a_duration = "a duration such as \"250ms\", \"5s\" or \"1h30m\"";
constexpr std::string_view a_size = "a size such as \"64KB\", \"128MiB\" or \"1GiB\"";
constexpr std::string_view a_share = "a share of cores such as \"200m\", 0.5 or 2";
}  // namespace

void TomlErrors::add(TomlProblem problem) {
  if (count_++ < shown_max) problems_.push_back(std::move(problem));
}

std::vector<std::string> TomlErrors::lines() const {
  std::vector<std::string> lines;
  lines.reserve(problems_.size());
  for (const TomlProblem& problem : problems_) lines.push_back(problem.line());
  return lines;
}

Result<void> TomlErrors::result() const {
  if (!any()) return {};
  std::string text;
  for (const std::string& line : lines()) text += (text.empty() ? "" : "\n") + line;
  if (count_ > shown_max) text += fmt::format("\n... and {} more", count_ - shown_max);
  return Error(Code::invalid, std::move(text));
}

TomlReader::TomlReader(const TomlValue& table, std::string path, TomlErrors& errors)
    : table_(table), path_(std::move(path)), errors_(errors) {}

std::string TomlReader::name(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

void TomlReader::wrong_type(std::string_view key, const TomlValue& found,
                            std::string_view expected) {
  errors_.add({found.place(),
               fmt::format("{} must be {}, found {}", name(key), expected, found.kind()),
               std::string(expected), ""});
}

void TomlReader::fail(std::string_view key, std::string_view text, std::string expected,
                      std::string nearest) {
  const TomlValue* there = table_.find(key);
  errors_.add({(there ? *there : table_).place(), fmt::format("{} {}", name(key), text),
               std::move(expected), std::move(nearest)});
}

const TomlValue* TomlReader::value(std::string_view key) {
  known_.emplace_back(key);
  return table_.find(key);
}

void TomlReader::require(std::string_view key) {
  if (!has(key)) fail(key, "is missing");
}

void TomlReader::not_yet(std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) {
    later_.emplace_back(key);
    if (value(key)) fail(key, "is not supported yet: remove it");
  }
}

std::optional<std::string> TomlReader::string(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->string()) return *found->string();
  wrong_type(key, *found, "a string");
  return std::nullopt;
}

std::optional<std::int64_t> TomlReader::integer(std::string_view key, std::int64_t least,
                                                std::int64_t most) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  const std::int64_t* number = found->integer();
  if (number && *number >= least && *number <= most) return *number;
  std::string expected = "an integer";
  bool bounded_below = least != std::numeric_limits<std::int64_t>::min();
  bool bounded_above = most != std::numeric_limits<std::int64_t>::max();
  if (bounded_below && bounded_above)
    expected += fmt::format(" from {} to {}", least, most);
  else if (bounded_below)
    expected += fmt::format(" of at least {}", least);
  else if (bounded_above)
    expected += fmt::format(" of at most {}", most);
  if (number)
    fail(key, fmt::format("must be {}, found {}", expected, *number), expected);
  else
    wrong_type(key, *found, expected);
  return std::nullopt;
}

std::optional<double> TomlReader::number(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->integer()) return static_cast<double>(*found->integer());
  if (found->floating() && std::isfinite(*found->floating())) return *found->floating();
  wrong_type(key, *found, "a finite number");
  return std::nullopt;
}

std::optional<bool> TomlReader::boolean(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->boolean()) return *found->boolean();
  wrong_type(key, *found, "true or false");
  return std::nullopt;
}

template <class T>
std::optional<T> TomlReader::taken(std::string_view key, Result<T> read,
                                   std::string_view expected) {
  if (read.ok()) return *read;
  fail(key, fmt::format("is wrong: {}", read.error().message()), std::string(expected));
  return std::nullopt;
}

std::optional<Duration> TomlReader::duration(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->string()) return taken(key, parse_duration(*found->string()), a_duration);
  wrong_type(key, *found, a_duration);
  return std::nullopt;
}

std::optional<std::int64_t> TomlReader::size(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->string()) return taken(key, parse_size(*found->string()), a_size);
  if (found->integer() && *found->integer() >= 0) return *found->integer();
  if (found->integer())
    fail(key, fmt::format("must not be negative, found {}", *found->integer()),
         std::string(a_size));
  else
    wrong_type(key, *found, a_size);
  return std::nullopt;
}

std::optional<std::int64_t> TomlReader::cpu(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->string()) return taken(key, parse_cpu(*found->string()), a_share);
  if (found->integer()) return taken(key, parse_cpu(fmt::format("{}", *found->integer())), a_share);
  if (found->floating())
    return taken(key, parse_cpu(fmt::format("{}", *found->floating())), a_share);
  wrong_type(key, *found, a_share);
  return std::nullopt;
}

std::optional<std::vector<std::string>> TomlReader::strings(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->type() != TomlValue::Type::array) {
    wrong_type(key, *found, "an array of strings");
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (const TomlValue& item : found->items()) {
    if (item.string())
      out.push_back(*item.string());
    else
      wrong_type(key, item, "an array of strings");
  }
  return out;
}

std::optional<std::vector<std::pair<std::string, std::string>>> TomlReader::string_map(
    std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (!found->is_table()) {
    wrong_type(key, *found, "a table of strings");
    return std::nullopt;
  }
  std::vector<std::pair<std::string, std::string>> out;
  for (const TomlMember& member : found->members()) {
    if (member.value.string())
      out.emplace_back(member.key, *member.value.string());
    else
      wrong_type(fmt::format("{}.{}", key, member.key), member.value, "a string");
  }
  return out;
}

std::optional<TomlReader> TomlReader::table(std::string_view key) {
  const TomlValue* found = value(key);
  if (!found) return std::nullopt;
  if (found->is_table()) return TomlReader(*found, name(key), errors_);
  wrong_type(key, *found, "a table");
  return std::nullopt;
}

std::vector<std::pair<std::string, TomlReader>> TomlReader::tables(std::string_view key) {
  std::vector<std::pair<std::string, TomlReader>> out;
  const TomlValue* found = value(key);
  if (!found) return out;
  if (!found->is_table()) {
    wrong_type(key, *found, "a table of tables");
    return out;
  }
  for (const TomlMember& member : found->members()) {
    std::string inner = fmt::format("{}.{}", key, member.key);
    if (member.value.is_table())
      out.emplace_back(member.key, TomlReader(member.value, name(inner), errors_));
    else
      wrong_type(inner, member.value, "a table");
  }
  return out;
}

void TomlReader::finish() {
  std::set<std::string_view> usable(known_.begin(), known_.end());
  for (const std::string& later : later_) usable.erase(later);
  std::vector<std::string_view> words(usable.begin(), usable.end());
  for (const TomlMember& member : table_.members()) {
    if (std::ranges::find(known_, member.key) != known_.end()) continue;
    std::string text = fmt::format("unknown key '{}'", member.key);
    if (!path_.empty()) text += fmt::format(" in {}", path_);
    errors_.add({member.key_place, std::move(text),
                 fmt::format("one of {}", fmt::join(words, ", ")),
                 std::string(nearest_word(member.key, words))});
  }
}

}  // namespace berth
