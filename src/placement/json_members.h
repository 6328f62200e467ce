#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/json.h"
#include "base/time.h"
#include "catalog/codec.h"
#include "placement/spec.h"

// One description of a record's members serves for writing and for reading it:
//
//   template <class Io>
//   void members(Io& io, typename Io::template Of<HostRecord>& r) {
//     io.required("name", r.name);
//     io.member("docker", r.docker);
//   }

namespace berth::placement {

/// Writes the members of a record into a JSON object.
class JsonOut {
 public:
  template <class T>
  using Of = const T;

  explicit JsonOut(Json& json) : json_(json) {}

  template <class T>
  void required(const char* key, const T& value) {
    member(key, value);
  }
  template <class T>
  void member(const char* key, const T& value) {
    json_.add_member(key, form(value));
  }
  template <class E>
  void word(const char* key, E value, std::span<const std::string_view> words) {
    json_.add_member(key, words[static_cast<std::size_t>(value)]);
  }
  /// A record within the record; `members` is found for it.
  template <class T>
  void record(const char* key, const T& value) {
    json_.add_member(key, form_of_record(value));
  }
  template <class T>
  void records(const char* key, const std::vector<T>& values) {
    Json list = Json::array();
    for (const T& value : values) list.add(form_of_record(value));
    json_.add_member(key, std::move(list));
  }

 private:
  static Json form(bool value) { return value; }
  static Json form(std::integral auto value) { return value; }
  static Json form(const std::string& value) { return value; }
  static Json form(Duration value) { return value.count(); }
  static Json form(WallTime value) { return value.nanoseconds; }
  static Json form(const Address& value) { return value.text(); }
  static Json form(const ServiceSpec& value) { return to_json(value); }
  static Json form(const std::vector<std::string>& values) {
    Json list = Json::array();
    for (const std::string& value : values) list.add(value);
    return list;
  }
  static Json form(const catalog::RoutingPolicy& value) { return catalog::to_json(value); }
  static Json form(const std::vector<std::pair<std::string, std::string>>& pairs) {
    return object_of(pairs);
  }
  static Json form(const std::map<std::string, std::string>& pairs) { return object_of(pairs); }
  static Json object_of(const auto& pairs) {
    Json object = Json::object();
    for (const auto& [key, value] : pairs) object.add_member(key, value);
    return object;
  }
  template <class T>
  static Json form_of_record(const T& value) {
    Json json = Json::object();
    JsonOut inner(json);
    members(inner, value);
    return json;
  }

  Json& json_;
};

/// Reads the members of a record from a JSON object. What is missing keeps its default, what is
/// unknown is ignored, what is of another type or out of range makes the result `invalid`: the
/// first such member is told with its path ("versions[2].spec.port").
class JsonIn {
 public:
  template <class T>
  using Of = T;

  explicit JsonIn(const Json& json) : json_(json), error_(own_error_) {
    if (!json.is_object()) fail("", "an object", json.kind());
  }

  template <class T>
  void required(const char* key, T& value) {
    if (!json_.find(key)) return fail(key, "there", "nothing");
    member(key, value);
  }
  template <class T>
  void member(const char* key, T& value) {
    if (const Json* found = json_.find(key)) take(key, *found, value);
  }
  template <class E>
  void word(const char* key, E& value, std::span<const std::string_view> words) {
    const Json* found = json_.find(key);
    if (!found) return;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (found->string_or("") != words[i]) continue;
      value = static_cast<E>(i);
      return;
    }
    fail(key, "a known word", found->string() ? "'" + *found->string() + "'" : found->kind());
  }
  template <class T>
  void record(const char* key, T& value) {
    if (const Json* found = json_.find(key)) read(*found, path(key), value);
  }
  template <class T>
  void records(const char* key, std::vector<T>& values) {
    const Json* found = json_.find(key);
    if (!found) return;
    if (!found->is_array()) return fail(key, "an array", found->kind());
    values.clear();
    for (const Json& item : found->items()) {
      std::string at = path(key) + "[" + std::to_string(values.size()) + "]";
      read(item, std::move(at), values.emplace_back());
    }
  }

  void fail(std::string_view key, std::string_view expected, std::string_view found) {
    if (error_) return;
    error_ = Error(Code::invalid, "'" + path(key) + "' must be " + std::string(expected) +
                                      ", found " + std::string(found));
  }
  Result<void> result() const {
    if (error_) return *error_;
    return {};
  }

 private:
  JsonIn(const Json& json, std::string path, std::optional<Error>& error)
      : json_(json), path_(std::move(path)), error_(error) {
    if (!json.is_object()) fail("", "an object", json.kind());
  }
  template <class T>
  void read(const Json& json, std::string path, T& value) {
    JsonIn inner(json, std::move(path), error_);
    members(inner, value);
  }
  std::string path(std::string_view key) const {
    return path_.empty() || key.empty() ? path_ + std::string(key) : path_ + "." + std::string(key);
  }

  void take(const char* key, const Json& json, bool& value) {
    if (auto found = json.boolean()) return void(value = *found);
    fail(key, "true or false", json.kind());
  }
  template <std::integral T>
  void take(const char* key, const Json& json, T& value) {
    if (auto found = json.integer(); found && std::in_range<T>(*found)) {
      value = static_cast<T>(*found);
    } else if (auto large = json.unsigned_integer(); large && std::in_range<T>(*large)) {
      value = static_cast<T>(*large);
    } else {
      fail(key, "an integer in range", json.text().substr(0, 40));
    }
  }
  void take(const char* key, const Json& json, std::string& value) {
    if (json.string()) return void(value = *json.string());
    fail(key, "a string", json.kind());
  }
  void take(const char* key, const Json& json, Duration& value) {
    std::int64_t nanoseconds = value.count();
    take(key, json, nanoseconds);
    value = Duration(nanoseconds);
  }
  void take(const char* key, const Json& json, WallTime& value) {
    take(key, json, value.nanoseconds);
  }
  void take(const char* key, const Json& json, Address& value) {
    if (json.string_or("") == "-") return void(value = Address());
    auto read = Address::parse(json.string_or(""));
    if (read.ok()) return void(value = *read);
    fail(key, "an address or \"-\"", json.text().substr(0, 40));
  }
  void take(const char* key, const Json& json, catalog::RoutingPolicy& value) {
    if (!json.is_object()) return fail(key, "an object", json.kind());
    value = catalog::routing_policy_from_json(json);
  }
  void take(const char* key, const Json& json, ServiceSpec& value) {
    auto spec = service_spec_from_json(json);
    if (spec.ok()) return void(value = std::move(*spec));
    if (!error_) error_ = std::move(spec).error().during("reading '" + path(key) + "'");
  }
  void take(const char* key, const Json& json, std::vector<std::string>& values) {
    if (!json.is_array()) return fail(key, "an array of strings", json.kind());
    values.clear();
    for (const Json& item : json.items()) take(key, item, values.emplace_back());
  }
  void take(const char* key, const Json& json,
            std::vector<std::pair<std::string, std::string>>& pairs) {
    if (!json.is_object()) return fail(key, "an object of strings", json.kind());
    pairs.clear();
    for (const JsonMember& each : json.members())
      take(key, each.value, pairs.emplace_back(each.key, "").second);
  }
  void take(const char* key, const Json& json, std::map<std::string, std::string>& pairs) {
    if (!json.is_object()) return fail(key, "an object of strings", json.kind());
    pairs.clear();
    for (const JsonMember& each : json.members()) take(key, each.value, pairs[each.key]);
  }

  const Json& json_;
  std::string path_;
  std::optional<Error> own_error_;
  std::optional<Error>& error_;
};

}  // namespace berth::placement
