#include "observe/streams/toml_event.h"

#include "observe/streams/arguments.h"

namespace berth::observe::streams {

std::optional<FieldValue> toml_field_value(const Field& field, const TomlValue& value) {
  FieldValue out;
  if (auto* text = value.string()) {
    auto read = read_setting(field, *text, true);
    if (!read.ok()) return std::nullopt;
    out = read->value;
  } else if (auto* integer = value.integer()) {
    out = static_cast<double>(*integer);
  } else if (auto* number = value.floating()) {
    out = *number;
  } else if (value.type() == TomlValue::Type::array) {
    std::vector<std::string> tags;
    for (auto& each : value.items()) {
      if (!each.string()) return std::nullopt;
      tags.push_back(*each.string());
    }
    out = std::move(tags);
  } else {
    return std::nullopt;
  }
  return field.takes(out) ? std::optional(out) : std::nullopt;
}

Settings read_toml_settings(TomlReader& reader, std::string_view key, const TomlValue& table) {
  Settings out;
  for (auto& member : table.members()) {
    Field field(member.key);
    if (auto value = toml_field_value(field, member.value)) {
      out.push_back({field, std::move(*value)});
    } else {
      reader.fail(key, "cannot set '" + member.key + "' to " + std::string(member.value.kind()));
    }
  }
  return out;
}

}  // namespace berth::observe::streams
