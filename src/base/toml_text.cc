#include "base/toml_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_writer.h"

namespace berth {
namespace {

bool is_bare(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

void append(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "nan";
  } else if (std::isinf(number)) {
    out += number < 0 ? "-inf" : "inf";
  } else {
    std::string text = fmt::format("{}", number);
    if (text.find_first_of(".e") == text.npos) text += ".0";
    out += text;
  }
}

void append(std::string& out, const TomlValue& value) {
  switch (value.type()) {
    case TomlValue::Type::string:
      return append_json_string(out, *value.string());
    case TomlValue::Type::integer:
      out += std::to_string(*value.integer());
      return;
    case TomlValue::Type::floating:
      return append(out, *value.floating());
    case TomlValue::Type::boolean:
      out += *value.boolean() ? "true" : "false";
      return;
    case TomlValue::Type::date:
      out += "\"\"";
      return;
    case TomlValue::Type::array: {
      std::string_view between = "[";
      for (auto& item : value.items()) {
        out += std::exchange(between, ", ");
        append(out, item);
      }
      out += value.items().empty() ? "[]" : "]";
      return;
    }
    case TomlValue::Type::table: {
      std::string_view between = "{ ";
      for (auto& member : value.members()) {
        out += std::exchange(between, ", ");
        if (is_bare(member.key)) {
          out += member.key;
        } else {
          append_json_string(out, member.key);
        }
        out += " = ";
        append(out, member.value);
      }
      out += value.members().empty() ? "{}" : " }";
      return;
    }
  }
}

}  // namespace

std::string toml_text(const TomlValue& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace berth
