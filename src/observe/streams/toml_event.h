#pragma once

#include <optional>
#include <string_view>

#include "base/toml_reader.h"
#include "observe/streams/functions.h"

namespace berth::observe::streams {

/// What a field is set to by a value of a file: texts, numbers, arrays of tags; a ttl also as
/// "30s". Nothing where the field takes no such value.
std::optional<FieldValue> toml_field_value(const Field& field, const TomlValue& value);
/// A table of fields. What is wrong is told at `key` of the reader.
Settings read_toml_settings(TomlReader& reader, std::string_view key, const TomlValue& table);

}  // namespace berth::observe::streams
