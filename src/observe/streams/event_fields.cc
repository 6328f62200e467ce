#include "observe/streams/event_fields.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace berth::observe::streams {
namespace {

constexpr std::array<std::string_view, 8> names = {"host",   "service", "state", "description",
                                                   "metric", "time",    "ttl",   "tags"};

Value text_or_nothing(const std::string& text) {
  if (text.empty()) return {};
  return std::string_view(text);
}

const std::string* attribute_of(const Event& event, std::string_view name) {
  for (auto& [key, value] : event.attributes) {
    if (key == name) return &value;
  }
  return nullptr;
}

void set_attribute(Event& event, const std::string& name, const FieldValue& value) {
  auto found = std::ranges::find(event.attributes, name, [](auto& each) { return each.first; });
  std::string text = text_of(value);
  if (text.empty()) {
    if (found != event.attributes.end()) event.attributes.erase(found);
  } else if (found != event.attributes.end()) {
    found->second = std::move(text);
  } else {
    event.attributes.emplace_back(name, std::move(text));
  }
}

void append_text(std::string& key, char kind, std::string_view text) {
  key += kind;
  std::uint32_t size = static_cast<std::uint32_t>(text.size());
  key.append(reinterpret_cast<const char*>(&size), sizeof(size));
  key += text;
}

}  // namespace

WallTime time_of_seconds(double seconds) {
  double latest = seconds_of(latest_time);
  return {std::isnan(seconds) ? 0 : std::llround(std::clamp(seconds, 0.0, latest) * 1e9)};
}

Duration ttl_of_seconds(double seconds) {
  double longest = seconds_of(longest_ttl);
  return Duration(std::isnan(seconds) ? 0 : std::llround(std::clamp(seconds, 0.0, longest) * 1e9));
}

bool expired(const Event& event, WallTime now) {
  if (event.state == "expired") return true;
  if (!has_time(event)) return false;
  Duration ttl = event.ttl == Duration(0) ? default_ttl : event.ttl;
  return now - event.time > ttl;
}

void expire(const Event& event, WallTime now, Event& out) {
  if (&event != &out) clear(out);
  if (&event != &out) out.host = event.host, out.service = event.service;
  out.description.clear();
  out.metric.reset();
  out.ttl = {};
  out.tags.clear();
  out.attributes.clear();
  out.state = "expired";
  out.time = now;
}

void clear(Event& event) {
  event.host.clear();
  event.service.clear();
  event.state.clear();
  event.description.clear();
  event.metric.reset();
  event.time = no_time;
  event.ttl = {};
  event.tags.clear();
  event.attributes.clear();
}

bool same_event(const Event& a, const Event& b) {
  return a.host == b.host && a.service == b.service && a.state == b.state &&
         a.description == b.description && a.metric == b.metric && a.time == b.time &&
         a.ttl == b.ttl && a.tags == b.tags && a.attributes == b.attributes;
}

bool has_tag(const Event& event, std::string_view tag) {
  return std::ranges::find(event.tags, tag) != event.tags.end();
}

bool equal(const Value& a, const Value& b) {
  if (a.index() != b.index()) return false;
  if (auto* list = std::get_if<3>(&a)) return **list == **std::get_if<3>(&b);
  return a == b;
}

int compare(const Value& a, const Value& b) {
  if (a.index() != b.index()) return a.index() < b.index() ? -1 : 1;
  if (auto* number = std::get_if<double>(&a)) {
    double other = std::get<double>(b);
    return *number < other ? -1 : *number > other ? 1 : 0;
  }
  if (auto* text = std::get_if<std::string_view>(&a)) {
    return text->compare(std::get<std::string_view>(b));
  }
  if (auto* list = std::get_if<3>(&a)) {
    auto& other = *std::get<3>(b);
    return **list < other ? -1 : **list == other ? 0 : 1;
  }
  return 0;
}

Value view(const FieldValue& value) {
  if (auto* number = std::get_if<double>(&value)) return *number;
  if (auto* text = std::get_if<std::string>(&value)) return text_or_nothing(*text);
  if (auto* list = std::get_if<3>(&value)) return list;
  return {};
}

void keep(FieldValue& into, const Value& value) {
  if (auto* number = std::get_if<double>(&value)) {
    into = *number;
  } else if (auto* text = std::get_if<std::string_view>(&value)) {
    if (auto* old = std::get_if<std::string>(&into)) {
      old->assign(*text);
    } else {
      into = std::string(*text);
    }
  } else if (auto* list = std::get_if<3>(&value)) {
    into = **list;
  } else {
    into = std::monostate();
  }
}

std::string text_of(const FieldValue& value) {
  if (auto* number = std::get_if<double>(&value)) {
    std::array<char, 40> room;
    auto end = std::to_chars(room.data(), room.data() + room.size(), *number).ptr;
    return std::string(room.data(), end);
  }
  if (auto* text = std::get_if<std::string>(&value)) return *text;
  std::string out;
  if (auto* list = std::get_if<3>(&value)) {
    for (auto& each : *list) out += (out.empty() ? "" : ",") + each;
  }
  return out;
}

Field::Field(std::string_view name) : name_(name) {
  auto found = std::ranges::find(names, name);
  kind_ = static_cast<Kind>(found - names.begin());  // behind the last: attribute
}

Value Field::get(const Event& event) const {
  switch (kind_) {
    case Kind::host:
      return text_or_nothing(event.host);
    case Kind::service:
      return text_or_nothing(event.service);
    case Kind::state:
      return text_or_nothing(event.state);
    case Kind::description:
      return text_or_nothing(event.description);
    case Kind::metric:
      return event.metric ? Value(*event.metric) : Value();
    case Kind::time:
      return has_time(event) ? Value(seconds_of(event.time)) : Value();
    case Kind::ttl:
      return event.ttl != Duration(0) ? Value(seconds_of(event.ttl)) : Value();
    case Kind::tags:
      return event.tags.empty() ? Value() : Value(&event.tags);
    case Kind::attribute:
      break;
  }
  auto* found = attribute_of(event, name_);
  return found ? text_or_nothing(*found) : Value();
}

bool Field::takes(const FieldValue& value) const {
  if (value.index() == 0 || kind_ == Kind::attribute) return true;
  if (kind_ == Kind::tags) return value.index() == 3;
  return is_text() ? value.index() == 2 : value.index() == 1;
}

void Field::set(Event& event, const FieldValue& value) const {
  static const std::string empty;
  auto* given = std::get_if<std::string>(&value);
  const std::string& text = given ? *given : empty;
  auto* number = std::get_if<double>(&value);
  auto* list = std::get_if<3>(&value);
  switch (kind_) {
    case Kind::host:
      event.host = text;
      break;
    case Kind::service:
      event.service = text;
      break;
    case Kind::state:
      event.state = text;
      break;
    case Kind::description:
      event.description = text;
      break;
    case Kind::metric:
      event.metric = number ? std::optional(*number) : std::nullopt;
      break;
    case Kind::time:
      event.time = number ? time_of_seconds(*number) : no_time;
      break;
    case Kind::ttl:
      event.ttl = ttl_of_seconds(number ? *number : 0);
      break;
    case Kind::tags:
      event.tags = list ? *list : std::vector<std::string>();
      break;
    case Kind::attribute:
      set_attribute(event, name_, value);
      break;
  }
}

void append_key(std::string& key, const Value& value) {
  if (auto* number = std::get_if<double>(&value)) {
    auto bits = std::bit_cast<std::uint64_t>(*number == 0 ? 0.0 : *number);
    key += 'n';
    key.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  } else if (auto* text = std::get_if<std::string_view>(&value)) {
    append_text(key, 't', *text);
  } else if (auto* list = std::get_if<3>(&value)) {
    for (auto& each : **list) append_text(key, 'l', each);
    key += '.';
  } else {
    key += '-';
  }
}

}  // namespace berth::observe::streams
