#include "placement/spec.h"

#include <algorithm>
#include <tuple>

#include "placement/json_members.h"

namespace berth::placement {

namespace {
constexpr std::string_view kind_names[] = {"process", "tcp", "http", "command"};
constexpr std::string_view source_names[] = {"command", "image", "build"};
}  // namespace

template <class Io>
void members(Io& io, typename Io::template Of<HealthCheck>& h) {
  io.word("kind", h.kind, kind_names);
  io.member("target", h.target);
  io.member("interval_ns", h.interval);
  io.member("timeout_ns", h.timeout);
  io.member("grace_ns", h.grace);
  io.member("rise", h.rise);
  io.member("fall", h.fall);
}

template <class Io>
void members(Io& io, typename Io::template Of<UpdatePolicy>& u) {
  io.member("parallel", u.parallel);
  io.member("healthy_for_ns", u.healthy_for);
  io.member("deadline_ns", u.deadline);
}

template <class Io>
void members(Io& io, typename Io::template Of<catalog::PublicRoute>& r) {
  io.required("label", r.label);
  io.required("path", r.path);
  io.member("rules", r.rules);
}

template <class Io>
void members(Io& io, typename Io::template Of<ServiceSpec>& s) {
  io.required("name", s.name);
  io.word("source", s.source, source_names);
  io.member("run", s.run);
  io.member("folder", s.folder);
  io.member("port", s.port);
  io.member("has_port", s.has_port);
  io.member("instances", s.instances);
  io.member("cpu_millicores", s.cpu_millicores);
  io.member("memory_bytes", s.memory_bytes);
  io.record("health", s.health);
  io.records("routes", s.routes);
  io.member("needs", s.needs);
  io.member("calls", s.calls);
  io.member("env", s.env);
  io.member("on", s.on);
  io.record("update", s.update);
}

Json to_json(const ServiceSpec& spec) {
  Json json = Json::object();
  JsonOut out(json);
  members(out, spec);
  return json;
}

Result<ServiceSpec> service_spec_from_json(const Json& json) {
  ServiceSpec spec;
  JsonIn in(json);
  members(in, spec);
  TRY(in.result());
  return spec;
}

bool ServiceSpec::replaces(const ServiceSpec& other) const {
  auto replaced = [](const ServiceSpec& s) {
    return std::tie(s.name, s.source, s.run, s.folder, s.port, s.has_port, s.cpu_millicores,
                    s.memory_bytes, s.health);
  };
  return replaced(*this) != replaced(other) ||
         !std::ranges::is_permutation(env, other.env);  // their order changes nothing
}

const ServiceSpec* SystemSpec::find(std::string_view name) const {
  auto found = std::ranges::find(services, name, &ServiceSpec::name);
  return found == services.end() ? nullptr : &*found;
}

}  // namespace berth::placement
