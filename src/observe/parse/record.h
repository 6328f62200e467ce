#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace berth::observe {

/// What is known of one log line: the line, and the fields that parsers found in it, by name and in
/// the order in which they were found. Nested names are written with dots ("source.address"). A
/// plain value; lines hold tens of fields, so that looking through them is cheaper than a map.
struct Record {
  std::string line;
  std::optional<WallTime> time;  // as the line tells it
  std::vector<JsonMember> fields;
  std::vector<std::string> tags;

  /// Null pointer when there is none.
  const Json* find(std::string_view name) const;
  Json* find(std::string_view name);
  /// The field as text: strings as they are, other values as JSON; empty when there is none.
  std::string text_of(std::string_view name) const;
  /// Puts it in the place of what was there.
  void set(std::string_view name, Json value);
  /// A second value of one name makes an array of both, as grok does.
  void add(std::string_view name, Json value);
  /// All members of an object, those of objects within it under "outer.inner".
  void add_object(const Json& object, std::string_view outer = "");
  bool remove(std::string_view name);
  bool has_tag(std::string_view tag) const;
  void tag(std::string_view tag);
  /// One object: the fields, and in the place of fields of these names "tags" where there are any,
  /// "time" (RFC 3339) where it is known.
  Json json() const;
};

}  // namespace berth::observe
