#include "catalog/codec.h"
#include "catalog/policy_members.h"

namespace berth::catalog {
namespace {

/// Writes what differs from the default, so that a service that changes nothing stays small.
class PolicyOut {
 public:
  template <class T>
  using Of = const T;

  template <class T>
  static Json written(const T& policy) {
    PolicyOut out, normal;
    members(out, policy);
    members(normal, static_cast<const T&>(T()));
    Json json = Json::object();
    for (const JsonMember& each : out.json_.members()) {
      const Json* same = normal.json_.find(each.key);
      if (!same || same->text() != each.value.text()) json.set(each.key, each.value);
    }
    return json;
  }

  void duration(std::string key, Duration value, Duration, Duration) {
    json_.set(key + "_ns", value.count());
  }
  void number(const char* key, std::uint32_t value, std::uint32_t, std::uint32_t) {
    json_.set(key, value);
  }
  void share(std::string key, std::uint32_t value, std::uint32_t) {
    json_.set(key + "_permille", value);
  }
  void factor(std::string key, std::uint32_t value, std::uint32_t) {
    json_.set(key + "_permille", value);
  }
  void rate(const char* key, double value) { json_.set(key, value); }
  void size(const char* key, std::uint64_t value, std::uint64_t, std::uint64_t) {
    json_.set(key, value);
  }
  void flag(const char* key, bool value) { json_.set(key, value); }
  template <class E>
  void word(const char* key, E value, std::span<const std::string_view> words) {
    json_.set(key, words[static_cast<std::size_t>(value)]);
  }
  void choice(const char* key, std::uint8_t bits, std::span<const std::string_view> words) {
    Json list = Json::array();
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (bits & (1u << i)) list.add(words[i]);
    }
    json_.set(key, std::move(list));
  }
  void key_of_request(const char* key, const std::string& text) { json_.set(key, text); }
  void name(const char* key, const std::string& text) { json_.set(key, text); }
  void tag(const char* key, const std::string& text) { json_.set(key, text); }
  void methods(const char* key, const std::vector<std::string>& list) {
    json_.set(key, Json::array_of(list));
  }
  void compiled(const char* key, bool value) { flag(key, value); }
  void compiled(const char* key, const std::vector<std::string>& list) { methods(key, list); }
  template <class T>
  void table(const char* key, const T& policy) {
    Json inner = written(policy);
    if (!inner.members().empty()) json_.set(key, std::move(inner));
  }

 private:
  Json json_ = Json::object();
};

/// What is missing, of another type or out of range keeps its default.
class PolicyIn {
 public:
  template <class T>
  using Of = T;

  explicit PolicyIn(const Json& json) : json_(json) {}

  void duration(std::string key, Duration& value, Duration least, Duration most) {
    auto found = json_[key + "_ns"].integer();
    if (found && *found >= least.count() && *found <= most.count()) value = Duration(*found);
  }
  void number(std::string_view key, std::uint32_t& value, std::uint32_t least, std::uint32_t most) {
    auto found = json_[key].integer();
    if (found && *found >= least && *found <= most) value = static_cast<std::uint32_t>(*found);
  }
  void share(const std::string& key, std::uint32_t& value, std::uint32_t most) {
    number(key + "_permille", value, 0, most);
  }
  void factor(const std::string& key, std::uint32_t& value, std::uint32_t most) {
    number(key + "_permille", value, 0, most);
  }
  void rate(std::string_view key, double& value) {
    auto found = json_[key].number();
    if (found && *found >= 0 && *found <= 1e9) value = *found;
  }
  void size(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most) {
    auto found = json_[key].unsigned_integer();
    if (found && *found >= least && *found <= most) value = *found;
  }
  void flag(std::string_view key, bool& value) { value = json_[key].boolean().value_or(value); }
  template <class E>
  void word(std::string_view key, E& value, std::span<const std::string_view> words) {
    auto found = json_[key].string_or("");
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == found) value = static_cast<E>(i);
    }
  }
  void choice(std::string_view key, std::uint8_t& bits, std::span<const std::string_view> words) {
    if (!json_[key].is_array()) return;
    bits = 0;
    for (auto& each : json_[key].items()) {
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == each.string_or("")) bits |= static_cast<std::uint8_t>(1u << i);
      }
    }
  }
  void key_of_request(std::string_view key, std::string& text) { name(key, text); }
  void name(std::string_view key, std::string& text) {
    if (json_[key].string()) text = *json_[key].string();
  }
  void tag(std::string_view key, std::string& text) { name(key, text); }
  void methods(std::string_view key, std::vector<std::string>& list) {
    if (!json_[key].is_array()) return;
    list.clear();
    for (auto& each : json_[key].items()) list.emplace_back(each.string_or(""));
  }
  void compiled(std::string_view key, bool& value) { flag(key, value); }
  void compiled(std::string_view key, std::vector<std::string>& list) { methods(key, list); }
  template <class T>
  void table(std::string_view key, T& policy) {
    PolicyIn inner(json_[key]);
    members(inner, policy);
  }

 private:
  const Json& json_;
};

}  // namespace

Json to_json(const RoutingPolicy& policy) { return PolicyOut::written(policy); }

RoutingPolicy routing_policy_from_json(const Json& json) {
  RoutingPolicy policy;
  PolicyIn in(json);
  members(in, policy);
  return policy;
}

}  // namespace berth::catalog
