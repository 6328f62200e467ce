#include "observe/streams/event_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/json_writer.h"
#include "base/timestamp.h"
#include "observe/parse/date_format.h"
#include "observe/streams/event_fields.h"

namespace berth::observe::streams {
namespace {

Error wrong(std::string_view key, std::string_view expected, const Json& found) {
  return Error(Code::invalid, "'" + std::string(key) + "' must be " + std::string(expected) +
                                  ", found " + std::string(found.kind()));
}

Result<WallTime> time_of(const Json& value) {
  if (auto number = value.number()) return time_of_seconds(*number);
  if (!value.is_string()) return wrong("time", "seconds since 1970 or an ISO 8601 time", value);
  if (auto read = read_rfc3339(*value.string())) {
    return std::clamp(*read, WallTime(), latest_time);
  }
  return Error(Code::invalid, "'time' is no ISO 8601 time: '" + *value.string() + "'");
}

Result<std::vector<std::string>> tags_of(const Json& value) {
  std::vector<std::string> out;
  if (!value.is_array()) return wrong("tags", "an array of strings", value);
  for (auto& each : value.items()) {
    if (!each.is_string()) return wrong("tags", "an array of strings", each);
    out.push_back(*each.string());
  }
  return out;
}

/// An attribute's text: strings as they are, anything else as JSON.
std::string attribute_text(const Json& value) {
  return value.is_string() ? *value.string() : value.text();
}

}  // namespace

std::string event_json(const Event& event) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  auto text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) json.member(key, value);
  };
  text("host", event.host);
  text("service", event.service);
  text("state", event.state);
  text("description", event.description);
  if (event.metric) json.member("metric", *event.metric);
  if (!event.tags.empty()) {
    json.key("tags").begin_array();
    for (auto& tag : event.tags) json.value(tag);
    json.end_array();
  }
  if (has_time(event)) json.member("time", write_timestamp(event.time, 3));
  if (event.ttl != Duration(0)) json.member("ttl", seconds_of(event.ttl));
  for (auto& [key, value] : event.attributes) json.member(key, value);
  json.end_object();
  return out;
}

Result<Event> event_of_json(const Json& json) {
  if (!json.is_object()) {
    return Error(Code::invalid, "an event must be an object, found " + std::string(json.kind()));
  }
  Event event;
  clear(event);
  for (auto& [key, value] : json.members()) {
    Field field(key);
    if (value.is_null()) continue;
    switch (field.kind()) {
      case Field::Kind::time:
        event.time = TRY(time_of(value));
        break;
      case Field::Kind::tags:
        event.tags = TRY(tags_of(value));
        break;
      case Field::Kind::metric:
      case Field::Kind::ttl: {
        auto number = value.number();
        if (!number) return wrong(key, "a number", value);
        field.set(event, *number);
        break;
      }
      case Field::Kind::attribute:
        field.set(event, attribute_text(value));
        break;
      default:
        if (!value.is_string()) return wrong(key, "a string", value);
        field.set(event, *value.string());
    }
  }
  return event;
}

}  // namespace berth::observe::streams
