#include "catalog/codec.h"

#include <algorithm>

namespace berth::catalog {

std::string_view health_name(Health health) {
  switch (health) {
    case Health::starting:
      return "starting";
    case Health::healthy:
      return "healthy";
    case Health::unhealthy:
      return "unhealthy";
    case Health::draining:
      return "draining";
  }
  return "";
}

Json to_json(const Instance& i) {
  Json json = Json::object();
  json.set("id", i.id);
  json.set("incarnation", i.incarnation);
  json.set("version", i.version);
  json.set("host", i.host);
  json.set("address", i.address.text());
  json.set("health", health_name(i.health));
  json.set("why", i.why);
  json.set("pid", i.pid);
  if (i.weight != 1) json.set("weight", i.weight);
  if (!i.zone.empty()) json.set("zone", i.zone);
  if (!i.tags.empty()) json.set("tags", Json::array_of(i.tags));
  return json;
}

Result<Instance> instance_from_json(const Json& json) {
  Instance i;
  i.id = TRY(json.string_at("id"));
  i.incarnation = json["incarnation"].string_or("");
  i.version = json["version"].string_or("");
  i.host = json["host"].string_or("");
  std::string address = TRY(json.string_at("address"));
  if (address != "-") i.address = TRY(Address::parse(address));
  std::string health = TRY(json.string_at("health"));
  bool known = false;
  for (auto each : {Health::starting, Health::healthy, Health::unhealthy, Health::draining}) {
    if (health_name(each) != health) continue;
    i.health = each;
    known = true;
  }
  if (!known) return Error(Code::invalid, "'" + health + "' is no health of an instance");
  i.why = json["why"].string_or("");
  i.pid = json["pid"].integer().value_or(0);
  auto weight = json["weight"].integer().value_or(1);
  i.weight = static_cast<std::uint32_t>(std::clamp<std::int64_t>(weight, 0, weight_max));
  i.zone = json["zone"].string_or("");
  for (auto& tag : json["tags"].items()) i.tags.emplace_back(tag.string_or(""));
  return i;
}

Json to_json(const Service& service) {
  Json json = Json::object();
  json.set("name", service.name);
  json.set("revision", service.revision);
  json.set("vip", service.vip.text());
  json.set("has_port", service.has_port);
  json.set("policy", to_json(service.policy));
  Json routes = Json::array();
  for (auto& route : service.routes) {
    Json one = Json::object();
    one.set("label", route.label);
    one.set("path", route.path);
    if (!route.rules.empty()) one.set("rules", route.rules);
    routes.add(std::move(one));
  }
  json.set("routes", std::move(routes));
  Json instances = Json::array();
  for (auto& instance : service.instances) instances.add(to_json(instance));
  json.set("instances", std::move(instances));
  return json;
}

Result<Service> service_from_json(const Json& json) {
  Service service;
  service.name = TRY(json.string_at("name"));
  service.revision = json["revision"].unsigned_integer().value_or(0);
  std::string vip = TRY(json.string_at("vip"));
  if (vip != "-") service.vip = TRY(Address::parse(vip));
  service.has_port = json["has_port"].boolean().value_or(true);
  service.policy = routing_policy_from_json(json["policy"]);
  for (auto& route : json["routes"].items()) {
    service.routes.push_back({TRY(route.string_at("label")), TRY(route.string_at("path")),
                              std::string(route["rules"].string_or(""))});
  }
  for (auto& instance : json["instances"].items()) {
    service.instances.push_back(TRY(instance_from_json(instance)));
  }
  return service;
}

Json snapshot_json(const Snapshot& snapshot) {
  Json json = Json::object();
  json.set("full", true);
  json.set("revision", snapshot.revision);
  json.set("system", snapshot.system);
  json.set("domain", snapshot.domain);
  Json services = Json::array();
  for (auto& [name, service] : snapshot.services) services.add(to_json(*service));
  json.set("services", std::move(services));
  return json;
}

Json delta_json(const Snapshot& from, const Snapshot& to) {
  Json json = Json::object();
  json.set("revision", to.revision);
  if (from.system != to.system || from.domain != to.domain) {
    json.set("system", to.system);
    json.set("domain", to.domain);
  }
  Json services = Json::array();
  Json removed = Json::array();
  for (auto& [name, service] : to.services) {
    if (from.find(name) != service.get()) services.add(to_json(*service));
  }
  for (auto& [name, service] : from.services) {
    if (!to.services.contains(name)) removed.add(name);
  }
  json.set("services", std::move(services));
  json.set("removed", std::move(removed));
  return json;
}

Result<std::shared_ptr<const Snapshot>> apply_json(const Snapshot* before, const Json& json) {
  auto revision = json["revision"].unsigned_integer();
  if (!revision) return Error(Code::invalid, "a catalog without a revision");
  bool full = json["full"].boolean().value_or(false);
  if (!full && !before) return Error(Code::invalid, "a change of a catalog that is not known");
  auto next = full ? std::make_shared<Snapshot>() : std::make_shared<Snapshot>(*before);
  next->revision = *revision;
  if (auto* system = json["system"].string()) next->system = *system;
  if (auto* domain = json["domain"].string()) next->domain = *domain;
  for (auto& each : json["services"].items()) {
    Service service = TRY(service_from_json(each));
    std::string name = service.name;
    next->services[name] = std::make_shared<Service>(std::move(service));
  }
  for (auto& name : json["removed"].items()) next->services.erase(std::string(name.string_or("")));
  return std::shared_ptr<const Snapshot>(std::move(next));
}

}  // namespace berth::catalog
