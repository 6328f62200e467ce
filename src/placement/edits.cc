#include "placement/edits.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace berth::placement {

namespace {

constexpr std::uint32_t instances_max = 1000;

/// Ends what runs: something else was asked for.
void supersede(DesiredService& service, std::string why, WallTime now) {
  if (service.rollouts.empty()) return;
  Rollout& last = service.rollouts.back();
  if (last.result != RolloutResult::running) return;
  last.result = RolloutResult::returned;
  last.ended = now;
  last.why = std::move(why);
}

void begin_rollout(DesiredService& service, std::uint64_t from, std::uint64_t to, WallTime now) {
  Rollout rollout;
  rollout.from = from;
  rollout.to = to;
  rollout.started = rollout.progressed = now;
  service.rollouts.push_back(std::move(rollout));
  if (service.rollouts.size() > DesiredService::rollouts_kept)
    service.rollouts.erase(service.rollouts.begin());
}

/// Forgets versions beyond those kept: the oldest that was never good first.
void trim_versions(DesiredService& service, const std::vector<std::uint64_t>& used) {
  auto needed = [&](const Version& version) {
    return version.number == service.target ||
           std::ranges::find(used, version.number) != used.end();
  };
  auto bad = [&](const Version& version) { return !version.good && !needed(version); };
  while (service.versions.size() > DesiredService::versions_kept) {
    auto gone = std::ranges::find_if(service.versions, bad);
    if (gone == service.versions.end()) gone = std::ranges::find_if_not(service.versions, needed);
    if (gone == service.versions.end()) return;
    service.versions.erase(gone);
  }
}

}  // namespace

DesiredService first_deploy(const ServiceSpec& spec, std::uint32_t vip_host, WallTime now) {
  DesiredService service;
  service.name = spec.name;
  service.vip_host = vip_host;
  service.instances = spec.instances;
  service.target = 1;
  service.versions.push_back({1, spec, now, false});
  begin_rollout(service, 0, 1, now);
  return service;
}

bool deploy(DesiredService& service, const ServiceSpec& spec, WallTime now,
            const std::vector<std::uint64_t>& used) {
  const ServiceSpec before = service.spec();
  if (!service.removed && spec == before) return false;
  if (service.removed || spec.instances != before.instances) service.instances = spec.instances;
  if (!service.removed && !spec.replaces(before)) {
    for (Version& version : service.versions)
      if (version.number == service.target) version.spec = spec;
    return true;
  }
  std::uint64_t number = service.versions.back().number + 1;
  supersede(service, fmt::format("version {} was deployed meanwhile", number), now);
  begin_rollout(service, service.removed ? 0 : service.target, number, now);
  service.versions.push_back({number, spec, now, false});
  service.target = number;
  service.removed = false;
  trim_versions(service, used);
  return true;
}

Result<void> roll_back(DesiredService& service, std::uint64_t to, WallTime now) {
  if (service.removed)
    return Error(Code::conflict, fmt::format("service '{}' is being removed", service.name));
  if (to == 0) to = service.return_to();
  if (to == 0)
    return Error(Code::conflict,
                 fmt::format("service '{}' runs version {} and there is no earlier good version",
                             service.name, service.target));
  if (to == service.target)
    return Error(Code::conflict,
                 fmt::format("version {} of '{}' is to run already", to, service.name));
  if (!service.version(to)) {
    std::vector<std::uint64_t> kept;
    kept.reserve(service.versions.size());
    for (const Version& version : service.versions) kept.push_back(version.number);
    return Error(Code::not_found, fmt::format("there is no version {} of '{}'; kept are {}", to,
                                              service.name, fmt::join(kept, ", ")));
  }
  supersede(service, fmt::format("going to version {} was asked for", to), now);
  begin_rollout(service, service.target, to, now);
  service.target = to;
  return {};
}

Result<bool> scale(DesiredService& service, std::uint32_t instances) {
  if (service.removed)
    return Error(Code::conflict, fmt::format("service '{}' is being removed", service.name));
  if (instances > instances_max)
    return Error(Code::invalid, fmt::format("'{}' cannot have {} instances: at most {} are placed",
                                            service.name, instances, instances_max));
  if (service.instances == instances) return false;
  service.instances = instances;
  return true;
}

Result<void> restart(DesiredService& service, WallTime now) {
  if (service.removed)
    return Error(Code::conflict, fmt::format("service '{}' is being removed", service.name));
  std::uint64_t from = service.target;
  if (!service.rollouts.empty() && service.rollouts.back().result == RolloutResult::running)
    from = service.rollouts.back().from;  // what that may go back to
  supersede(service, "a restart was asked for", now);
  ++service.generation;
  begin_rollout(service, from, service.target, now);
  return {};
}

void remove(DesiredService& service, WallTime now) {
  supersede(service, "the service was removed", now);
  service.removed = true;
}

}  // namespace berth::placement
