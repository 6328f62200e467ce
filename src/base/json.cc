#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/json_fault.h"
#include "base/utf8.h"

namespace berth {

namespace {

constexpr std::size_t reused_parser_bytes_max = 64 << 10;

Error syntax_error(std::string_view text, const JsonFault& fault) {
  TextPosition at = position_of(text, fault.offset);
  return Error(Code::invalid,
               fmt::format("JSON line {}, column {}: {}", at.line, at.column, fault.reason));
}

Json to_json(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::BOOL:
      return element.get_bool().value_unsafe();
    case element_type::INT64:
      return element.get_int64().value_unsafe();
    case element_type::UINT64:
      return element.get_uint64().value_unsafe();
    case element_type::DOUBLE:
      return element.get_double().value_unsafe();
    case element_type::STRING:
      return element.get_string().value_unsafe();
    case element_type::NULL_VALUE:
      return {};
    case element_type::ARRAY: {
      Json out = Json::array();
      auto array = element.get_array().value_unsafe();
      for (auto item : array) out.add(to_json(item));
      return out;
    }
    case element_type::OBJECT: {
      Json out = Json::object();
      auto object = element.get_object().value_unsafe();
      for (auto member : object) out.add_member(std::string(member.key), to_json(member.value));
      return out;
    }
  }
  return {};
}

}  // namespace

Json::Json() noexcept = default;
Json::Json(bool value) : body_(value) {}
Json::Json(double value) : body_(value) {}
Json::Json(std::string value) : body_(std::move(value)) {}
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json::~Json() = default;
Json& Json::operator=(Json other) noexcept {
  body_ = std::move(other.body_);
  return *this;
}
bool Json::operator==(const Json& other) const = default;

Json Json::array() {
  Json out;
  out.body_.emplace<Array>();
  return out;
}

Json Json::object() {
  Json out;
  out.body_.emplace<Object>();
  return out;
}
Json Json::array_of(std::vector<std::string> texts) {
  Json out = array();
  for (auto& text : texts) out.add(std::move(text));
  return out;
}

Json Json::from_signed(std::int64_t value) {
  Json out;
  out.body_ = value;
  return out;
}

Json Json::from_unsigned(std::uint64_t value) {
  Json out;
  if (std::in_range<std::int64_t>(value))
    out.body_ = static_cast<std::int64_t>(value);
  else
    out.body_ = value;
  return out;
}

Result<Json> Json::parse(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.text_bytes_max)
    return Error(Code::invalid, fmt::format("the JSON text has {} bytes; at most {} are read",
                                            text.size(), limits.text_bytes_max));
  // Small texts share one parser per thread, whose buffers stay; simdjson copies the text to where
  // it may read behind its end.
  thread_local simdjson::dom::parser shared;
  simdjson::dom::parser own;
  simdjson::dom::parser& parser = text.size() <= reused_parser_bytes_max ? shared : own;
  if (parser.max_depth() != limits.depth_max + 1) {
    if (parser.allocate(std::max<std::size_t>(text.size(), 1024), limits.depth_max + 1))
      return Error(Code::overloaded, "no memory to read JSON");
  }
  simdjson::dom::element root;
  if (parser.parse(text.data(), text.size(), true).get(root))
    return syntax_error(text, find_json_fault(text, limits.depth_max));
  return to_json(root);
}

std::string_view Json::kind() const {
  constexpr std::string_view kinds[] = {"null",     "a boolean", "an integer", "an integer",
                                        "a number", "a string",  "an array",   "an object"};
  return kinds[body_.index()];
}

std::optional<bool> Json::boolean() const {
  const bool* value = std::get_if<bool>(&body_);
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::int64_t> Json::integer() const {
  if (const auto* value = std::get_if<std::int64_t>(&body_)) return *value;
  const auto* value = std::get_if<double>(&body_);
  if (!value || *value != std::floor(*value) || std::abs(*value) >= 0x1p63) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::optional<std::uint64_t> Json::unsigned_integer() const {
  if (const auto* value = std::get_if<std::uint64_t>(&body_)) return *value;
  std::optional<std::int64_t> value = integer();
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::optional<double> Json::number() const {
  if (const auto* value = std::get_if<double>(&body_)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&body_)) return static_cast<double>(*value);
  if (const auto* value = std::get_if<std::uint64_t>(&body_)) return static_cast<double>(*value);
  return std::nullopt;
}

std::string_view Json::string_or(std::string_view other) const {
  const std::string* value = string();
  return value ? std::string_view(*value) : other;
}

const Json::Array& Json::items() const {
  static const Array none;
  const auto* value = std::get_if<Array>(&body_);
  return value ? *value : none;
}

const Json::Object& Json::members() const {
  static const Object none;
  const auto* value = std::get_if<Object>(&body_);
  return value ? *value : none;
}

const Json* Json::find(std::string_view key) const {
  const Object& all = members();
  for (auto member = all.rbegin(); member != all.rend(); ++member)
    if (member->key == key) return &member->value;
  return nullptr;
}

const Json& Json::operator[](std::string_view key) const {
  static const Json null;
  const Json* value = find(key);
  return value ? *value : null;
}

namespace {
Error wrong_member(const Json* found, std::string_view key, std::string_view expected) {
  if (!found) return Error(Code::invalid, fmt::format("'{}' is missing", key));
  return Error(Code::invalid,
               fmt::format("'{}' must be {}, found {}", key, expected, found->kind()));
}
}  // namespace

Result<std::string> Json::string_at(std::string_view key) const {
  const Json* found = find(key);
  if (found && found->string()) return *found->string();
  return wrong_member(found, key, "a string");
}

Result<std::int64_t> Json::integer_at(std::string_view key) const {
  const Json* found = find(key);
  if (found && found->integer()) return *found->integer();
  return wrong_member(found, key, "an integer");
}

Result<double> Json::number_at(std::string_view key) const {
  const Json* found = find(key);
  if (found && found->number()) return *found->number();
  return wrong_member(found, key, "a number");
}

Result<bool> Json::boolean_at(std::string_view key) const {
  const Json* found = find(key);
  if (found && found->boolean()) return *found->boolean();
  return wrong_member(found, key, "a boolean");
}

Json& Json::add_member(std::string key, Json value) {
  if (is_null()) body_.emplace<Object>();
  check(is_object(), "a member was set in JSON that is no object");
  std::get<Object>(body_).push_back({std::move(key), std::move(value)});
  return *this;
}

Json& Json::set(std::string key, Json value) {
  if (Json* there = const_cast<Json*>(find(key))) {
    *there = std::move(value);
    return *this;
  }
  return add_member(std::move(key), std::move(value));
}

Json& Json::add(Json value) {
  if (is_null()) body_.emplace<Array>();
  check(is_array(), "an item was added to JSON that is no array");
  std::get<Array>(body_).push_back(std::move(value));
  return *this;
}

void Json::write(JsonWriter& out) const {
  if (const auto* array = std::get_if<Array>(&body_)) {
    out.begin_array();
    for (const Json& item : *array) item.write(out);
    out.end_array();
  } else if (const auto* object = std::get_if<Object>(&body_)) {
    out.begin_object();
    for (const JsonMember& member : *object) member.value.write(out.key(member.key));
    out.end_object();
  } else if (is_null()) {
    out.null();
  } else if (const std::string* text = string()) {
    out.value(*text);
  } else if (const auto* flag = std::get_if<bool>(&body_)) {
    out.value(*flag);
  } else if (const auto* real = std::get_if<double>(&body_)) {
    out.value(*real);
  } else if (const auto* large = std::get_if<std::uint64_t>(&body_)) {
    out.value(*large);
  } else {
    out.value(std::get<std::int64_t>(body_));
  }
}

std::string Json::text() const {
  std::string out;
  JsonWriter writer(out);
  write(writer);
  return out;
}

}  // namespace berth
