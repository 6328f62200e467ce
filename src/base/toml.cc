#include "base/toml.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 64
// Wrong files break two promises that toml++ 3.3 gives the compiler: that a table's header begins
// with a letter, and that what is no blank is not asked about ("[=", "ä = 1"). Its checks behind
// them are right, so the promises are taken back.
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/impl/forward_declarations.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
// clang-format off: the order counts
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE __builtin_unreachable()
#include <toml++/toml.h>
// clang-format on

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace berth {

namespace {
constexpr std::size_t text_bytes_max = 1 << 20;
}

std::string TomlPlace::text() const {
  return fmt::format("{}:{}:{}", file ? std::string_view(*file) : "?", line, column);
}

std::string TomlProblem::line() const {
  std::string meant = nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
  return fmt::format("{}: {}{}", place.text(), text, meant);
}

TomlValue::TomlValue() : body_(Table()) {}
TomlValue::TomlValue(const TomlValue&) = default;
TomlValue::TomlValue(TomlValue&&) noexcept = default;
TomlValue::~TomlValue() = default;
TomlValue& TomlValue::operator=(TomlValue other) noexcept {
  std::swap(body_, other.body_);
  std::swap(place_, other.place_);
  return *this;
}

/// Makes our values of those of toml++, which stay in this file.
class TomlBuilder {
 public:
  explicit TomlBuilder(std::string file)
      : file_(std::make_shared<const std::string>(std::move(file))) {}

  TomlPlace place(const toml::source_position& position) const {
    return {file_, std::max<std::uint32_t>(position.line, 1),
            std::max<std::uint32_t>(position.column, 1)};
  }

  TomlValue value(const toml::node& node) const {
    TomlValue out;
    out.place_ = place(node.source().begin);
    if (const auto* text = node.as_string()) {
      out.body_ = text->get();
    } else if (const auto* integer = node.as_integer()) {
      out.body_ = integer->get();
    } else if (const auto* floating = node.as_floating_point()) {
      out.body_ = floating->get();
    } else if (const auto* boolean = node.as_boolean()) {
      out.body_ = boolean->get();
    } else if (const auto* array = node.as_array()) {
      auto& items = out.body_.emplace<TomlValue::Array>();
      for (const toml::node& item : *array) items.push_back(value(item));
    } else if (const auto* table = node.as_table()) {
      out.body_ = members(*table);
    } else {
      out.body_ = TomlValue::Date();
    }
    return out;
  }

 private:
  TomlValue::Table members(const toml::table& table) const {
    TomlValue::Table out;
    for (auto&& [key, node] : table)
      out.push_back({std::string(key.str()), place(key.source().begin), value(node)});
    std::ranges::sort(out, {}, [](const TomlMember& member) {
      return std::pair(member.key_place.line, member.key_place.column);
    });
    return out;
  }

  std::shared_ptr<const std::string> file_;
};

std::optional<TomlValue> TomlValue::parse(std::string_view text, std::string file,
                                          TomlProblem& problem) {
  TomlBuilder builder(std::move(file));
  problem = {builder.place({1, 1}), "", "", ""};
  if (text.size() > text_bytes_max) {
    problem.text =
        fmt::format("the file has {} bytes; at most {} are read", text.size(), text_bytes_max);
    return std::nullopt;
  }
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    problem.place = builder.place(parsed.error().source().begin);
    problem.text = parsed.error().description();
    return std::nullopt;
  }
  return builder.value(parsed.table());
}

Result<TomlValue> TomlValue::parse(std::string_view text, std::string file) {
  TomlProblem problem;
  if (auto value = parse(text, std::move(file), problem)) return std::move(*value);
  return Error(Code::invalid, problem.line());
}

std::string_view TomlValue::kind() const {
  constexpr std::string_view kinds[] = {"a string", "an integer", "a number", "a boolean",
                                        "a date",   "an array",   "a table"};
  return kinds[body_.index()];
}

const TomlValue::Array& TomlValue::items() const {
  static const Array none;
  const auto* array = std::get_if<Array>(&body_);
  return array ? *array : none;
}

const TomlValue::Table& TomlValue::members() const {
  static const Table none;
  const auto* table = std::get_if<Table>(&body_);
  return table ? *table : none;
}

const TomlValue* TomlValue::find(std::string_view key) const {
  for (const TomlMember& member : members())
    if (member.key == key) return &member.value;
  return nullptr;
}

void TomlValue::overlay(const TomlValue& other) {
  auto* table = std::get_if<Table>(&body_);
  if (!table || !other.is_table()) {
    *this = other;
    return;
  }
  for (const TomlMember& member : other.members()) {
    auto there = std::ranges::find(*table, member.key, &TomlMember::key);
    if (there == table->end())
      table->push_back(member);
    else
      there->value.overlay(member.value);
  }
}

}  // namespace berth
