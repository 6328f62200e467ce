#include "placement/records.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "placement/json_members.h"

namespace berth::placement {

namespace {
constexpr std::string_view result_names[] = {"running", "done", "returned", "failed"};
constexpr std::string_view state_names[] = {"pending",  "starting", "healthy", "unhealthy",
                                            "draining", "stopped",  "failed"};
}  // namespace

std::string_view state_name(InstanceState state) {
  return state_names[static_cast<std::size_t>(state)];
}

std::string service_key(std::string_view service) { return fmt::format("services/{}", service); }
std::string assignment_key(std::string_view service, std::uint32_t number) {
  return fmt::format("assignments/{}/{}", service, number);
}
std::string instance_key(std::string_view service, std::uint32_t number) {
  return fmt::format("instances/{}/{}", service, number);
}
std::string host_key(std::string_view host) { return fmt::format("hosts/{}", host); }
std::string feed_key(std::uint64_t id) { return fmt::format("feed/{:016}", id); }

const Version* DesiredService::version(std::uint64_t number) const {
  auto found = std::ranges::find(versions, number, &Version::number);
  return found == versions.end() ? nullptr : &*found;
}

const ServiceSpec& DesiredService::spec() const {
  const Version* found = version(target);
  check(found, "a service whose target is none of its versions");
  return found->spec;
}

std::uint64_t DesiredService::return_to() const {
  std::uint64_t newest = 0;
  for (const Version& each : versions)
    if (each.good && each.number < target) newest = std::max(newest, each.number);
  return newest;
}

template <class Io>
void members(Io& io, typename Io::template Of<SystemRecord>& r) {
  io.required("name", r.name);
  io.member("environment", r.environment);
  io.member("domain", r.domain);
  io.member("vip_network", r.vip_network);
}

template <class Io>
void members(Io& io, typename Io::template Of<Version>& r) {
  io.required("number", r.number);
  io.required("spec", r.spec);
  io.member("deployed_ns", r.deployed);
  io.member("good", r.good);
}

template <class Io>
void members(Io& io, typename Io::template Of<Rollout>& r) {
  io.member("from", r.from);
  io.required("to", r.to);
  io.member("started_ns", r.started);
  io.member("progressed_ns", r.progressed);
  io.member("ended_ns", r.ended);
  io.word("result", r.result, result_names);
  io.member("why", r.why);
  io.member("automatic", r.automatic);
  io.member("steps", r.steps);
}

template <class Io>
void members(Io& io, typename Io::template Of<DesiredService>& r) {
  io.required("name", r.name);
  io.member("vip_host", r.vip_host);
  io.member("instances", r.instances);
  io.required("target", r.target);
  io.member("generation", r.generation);
  io.member("removed", r.removed);
  io.records("versions", r.versions);
  io.records("rollouts", r.rollouts);
}

template <class Io>
void members(Io& io, typename Io::template Of<Assignment>& r) {
  io.required("service", r.service);
  io.required("number", r.number);
  io.required("version", r.version);
  io.member("generation", r.generation);
  io.required("host", r.host);
  io.member("stop", r.stop);
  io.member("made_ns", r.made);
}

template <class Io>
void members(Io& io, typename Io::template Of<InstanceRecord>& r) {
  io.required("service", r.service);
  io.required("number", r.number);
  io.member("incarnation", r.incarnation);
  io.member("version", r.version);
  io.member("generation", r.generation);
  io.required("host", r.host);
  io.member("address", r.address);
  io.word("state", r.state, state_names);
  io.member("why", r.why);
  io.member("pid", r.pid);
  io.member("restarts", r.restarts);
  io.member("since_ns", r.since);
}

template <class Io>
void members(Io& io, typename Io::template Of<HostRecord>& r) {
  io.required("name", r.name);
  io.member("address", r.address);
  io.member("cpu_millicores", r.cpu_millicores);
  io.member("memory_bytes", r.memory_bytes);
  io.member("docker", r.docker);
  io.member("docker_why", r.docker_why);
}

template <class Io>
void members(Io& io, typename Io::template Of<FeedEntry>& r) {
  io.required("id", r.id);
  io.member("time_ns", r.time);
  io.member("kind", r.kind);
  io.member("level", r.level);
  io.member("service", r.service);
  io.member("text", r.text);
  io.member("version", r.version);
  io.member("instance", r.instance);
}

namespace {

template <class T>
Json written(const T& record) {
  Json json = Json::object();
  JsonOut out(json);
  members(out, record);
  return json;
}

/// What no record may say, since others rely on it.
template <class T>
Result<void> sound(const T&) {
  return {};
}
template <>
Result<void> sound(const DesiredService& service) {
  if (service.version(service.target)) return {};
  return Error(Code::invalid, fmt::format("'target' of service '{}' is {}, which is none of its "
                                          "versions",
                                          service.name, service.target));
}

}  // namespace

Json to_json(const SystemRecord& record) { return written(record); }
Json to_json(const DesiredService& record) { return written(record); }
Json to_json(const Assignment& record) { return written(record); }
Json to_json(const InstanceRecord& record) { return written(record); }
Json to_json(const HostRecord& record) { return written(record); }
Json to_json(const FeedEntry& record) { return written(record); }

template <class T>
Result<T> from_json(const Json& json) {
  T record;
  JsonIn in(json);
  members(in, record);
  TRY(in.result());
  TRY(sound(record));
  return record;
}
template Result<SystemRecord> from_json(const Json&);
template Result<DesiredService> from_json(const Json&);
template Result<Assignment> from_json(const Json&);
template Result<InstanceRecord> from_json(const Json&);
template Result<HostRecord> from_json(const Json&);
template Result<FeedEntry> from_json(const Json&);

namespace {

template <class T>
Result<T> read_record(std::string_view text) {
  return from_json<T>(TRY(Json::parse(text)));
}

/// A record that stands where its own name says.
Result<void> stands_at(std::string_view key, const std::string& own_key) {
  if (key == own_key) return {};
  return Error(Code::invalid, fmt::format("it belongs at '{}'", own_key));
}

Result<void> apply_numbered(std::string_view key, const std::string* value, auto& all,
                            std::string (*key_of)(std::string_view, std::uint32_t)) {
  using Record = std::decay_t<decltype(all)>::mapped_type::mapped_type;
  if (value) {
    Record record = TRY(read_record<Record>(*value));
    TRY(stands_at(key, key_of(record.service, record.number)));
    all[record.service][record.number] = std::move(record);
    return {};
  }
  std::size_t slash = key.rfind('/');
  std::size_t begin = key.find('/') + 1;
  auto number = parse_integer<std::uint32_t>(key.substr(slash + 1));
  if (slash < begin || !number.ok()) return {};
  auto found = all.find(key.substr(begin, slash - begin));
  if (found == all.end()) return {};
  found->second.erase(*number);
  if (found->second.empty()) all.erase(found);
  return {};
}

Result<void> apply_named(std::string_view key, const std::string* value, auto& all,
                         std::string (*key_of)(std::string_view)) {
  using Record = std::decay_t<decltype(all)>::mapped_type;
  std::string name(key.substr(key.find('/') + 1));
  if (!value) {
    all.erase(name);
    return {};
  }
  Record record = TRY(read_record<Record>(*value));
  TRY(stands_at(key, key_of(record.name)));
  all[name] = std::move(record);
  return {};
}

Result<void> apply_policy(std::string_view name, const std::string* value, ClusterState& state) {
  if (!value) {
    state.policies.erase(std::string(name));
    return {};
  }
  state.policies[std::string(name)] = TRY(catalog::service_from_json(TRY(Json::parse(*value))));
  return {};
}

Result<void> apply_feed(std::string_view digits, const std::string* value, ClusterState& state) {
  auto id = TRY(parse_integer<std::uint64_t>(digits));
  if (value)
    state.feed[id] = TRY(read_record<FeedEntry>(*value));
  else
    state.feed.erase(id);
  return {};
}

Result<void> apply_any(std::string_view key, const std::string* value, ClusterState& state) {
  constexpr std::string_view policies = "catalog/service/";
  if (key == "system") {
    state.system = value ? TRY(read_record<SystemRecord>(*value)) : SystemRecord();
    return {};
  }
  if (key.starts_with("services/")) return apply_named(key, value, state.services, service_key);
  if (key.starts_with("hosts/")) return apply_named(key, value, state.hosts, host_key);
  if (key.starts_with("assignments/"))
    return apply_numbered(key, value, state.assignments, assignment_key);
  if (key.starts_with("instances/"))
    return apply_numbered(key, value, state.instances, instance_key);
  if (key.starts_with(policies)) return apply_policy(key.substr(policies.size()), value, state);
  if (key.starts_with("feed/")) return apply_feed(key.substr(5), value, state);
  return {};
}

}  // namespace

Result<void> ClusterState::apply(std::string_view key, const std::string* value) {
  Result<void> applied = apply_any(key, value, *this);
  if (applied.ok()) return applied;
  return std::move(applied).error().during(fmt::format("reading '{}'", key));
}

}  // namespace berth::placement
