#include "runtime/launch_json.h"

namespace berth::runtime {

Json to_json(const LaunchSpec& spec) {
  Json json = Json::object();
  json.set("id", spec.id);
  json.set("incarnation", spec.incarnation);
  json.set("version", spec.version);
  json.set("generation", spec.generation);
  json.set("port", spec.port);
  json.set("hosts_path", spec.hosts_path);
  json.set("service", placement::to_json(spec.service));
  return json;
}

Result<LaunchSpec> launch_from_json(const Json& json) {
  LaunchSpec spec;
  spec.id = TRY(json.string_at("id"));
  spec.incarnation = TRY(json.string_at("incarnation"));
  spec.version = json["version"].unsigned_integer().value_or(0);
  spec.generation = json["generation"].unsigned_integer().value_or(0);
  spec.port = static_cast<std::uint16_t>(json["port"].unsigned_integer().value_or(0));
  spec.hosts_path = json["hosts_path"].string_or("");
  spec.service = TRY(placement::service_spec_from_json(json["service"]));
  return spec;
}

}  // namespace berth::runtime
