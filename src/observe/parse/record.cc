#include "observe/parse/record.h"

#include <algorithm>
#include <utility>

#include "base/timestamp.h"

namespace berth::observe {

const Json* Record::find(std::string_view name) const {
  for (auto& field : fields) {
    if (field.key == name) return &field.value;
  }
  return nullptr;
}

Json* Record::find(std::string_view name) {
  return const_cast<Json*>(std::as_const(*this).find(name));
}

std::string Record::text_of(std::string_view name) const {
  const Json* value = find(name);
  if (!value) return "";
  return value->is_string() ? *value->string() : value->text();
}

void Record::set(std::string_view name, Json value) {
  if (Json* there = find(name)) {
    *there = std::move(value);
  } else {
    fields.push_back({std::string(name), std::move(value)});
  }
}

void Record::add(std::string_view name, Json value) {
  Json* there = find(name);
  if (!there) {
    fields.push_back({std::string(name), std::move(value)});
  } else if (there->is_array()) {
    there->add(std::move(value));
  } else {
    Json both = Json::array();
    both.add(std::move(*there));
    both.add(std::move(value));
    *there = std::move(both);
  }
}

void Record::add_object(const Json& object, std::string_view outer) {
  for (auto& member : object.members()) {
    std::string name = outer.empty() ? member.key : std::string(outer) + "." + member.key;
    if (member.value.is_object()) {
      add_object(member.value, name);
    } else {
      set(name, member.value);
    }
  }
}

bool Record::remove(std::string_view name) {
  return std::erase_if(fields, [&](auto& field) { return field.key == name; }) > 0;
}

bool Record::has_tag(std::string_view tag) const {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

void Record::tag(std::string_view tag) {
  if (!has_tag(tag)) tags.emplace_back(tag);
}

Json Record::json() const {
  Json out = Json::object();
  if (time) out.add_member("time", write_timestamp(*time));
  for (auto& field : fields) {
    bool taken = (time && field.key == "time") || (!tags.empty() && field.key == "tags");
    if (!taken) out.add_member(field.key, field.value);
  }
  if (!tags.empty()) {
    Json list = Json::array();
    for (auto& each : tags) list.add(each);
    out.add_member("tags", std::move(list));
  }
  return out;
}

}  // namespace berth::observe
