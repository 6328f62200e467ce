#include "console/lookup.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/strings.h"

namespace berth::console {

Error no_such_service(const placement::ClusterState& state, std::string_view name) {
  std::vector<std::string_view> names;
  for (auto& [each, desired] : state.services) names.push_back(each);
  auto nearest = nearest_word(name, names);
  std::string text = fmt::format("there is no service '{}'", name);
  if (!nearest.empty()) text += fmt::format("; did you mean '{}'?", nearest);
  return Error(Code::not_found, std::move(text));
}

Result<const placement::DesiredService*> find_service(const placement::ClusterState& state,
                                                      std::string_view name) {
  auto found = state.services.find(name);
  if (found == state.services.end()) return no_such_service(state, name);
  return &found->second;
}

Result<std::string> resolve_json(const Sources& sources, std::string_view name) {
  if (name.ends_with(".berth")) name.remove_suffix(6);
  auto& state = sources.mirror.state();
  auto* desired = TRY(find_service(state, name));
  auto policy = state.policies.find(name);
  if (!desired->spec().has_port) {
    return Error(Code::not_found, fmt::format("{} has no port, so no address either", name));
  }
  if (policy == state.policies.end()) {
    return Error(Code::unavailable, fmt::format("{} has no address yet; try again", name));
  }
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.member("name", fmt::format("{}.berth", name));
  out.member("address", policy->second.vip.ip_text()).member("port", policy->second.vip.port());
  out.key("instances").begin_array();
  if (auto instances = state.instances.find(name); instances != state.instances.end()) {
    for (auto& [number, instance] : instances->second) {
      if (instance.address.family() == Address::Family::none) continue;
      out.begin_object().member("id", instance.id()).member("address", instance.address.text());
      out.member("state", placement::state_name(instance.state)).end_object();
    }
  }
  out.end_array().end_object();
  return text;
}

}  // namespace berth::console
