#include "placement/scheduler.h"

#include <algorithm>
#include <deque>

#include "placement/service_decision.h"

namespace berth::placement {

namespace {

constexpr std::uint16_t vip_port = 7480;

/// Assignments and records whose service is gone: as if it were being removed.
void add_orphans(const auto& by_service, Situation& situation, std::deque<ServiceDecision>& all,
                 std::set<std::string>& known) {
  for (const auto& [name, numbered] : by_service) {
    if (!known.insert(name).second) continue;
    DesiredService gone;
    gone.name = name;
    gone.removed = true;
    all.emplace_back(situation, std::move(gone));
  }
}

void compile_policies(Situation& situation) {
  const ClusterState& state = situation.state;
  Decision& out = situation.out;
  if (state.system.vip_network == 0) return;  // the system's record is not there yet
  std::set<std::string, std::less<>> forgotten(out.forget.begin(), out.forget.end());
  for (const auto& [name, service] : state.services) {
    if (forgotten.contains(name)) continue;
    auto changed = std::ranges::find(out.services, name, &DesiredService::name);
    catalog::Service policy =
        compile_policy(state.system, changed == out.services.end() ? service : *changed);
    auto there = state.policies.find(name);
    if (there != state.policies.end()) policy.revision = there->second.revision;
    if (there == state.policies.end() || !(there->second == policy))
      out.policies.push_back(std::move(policy));
  }
  for (const auto& [name, policy] : state.policies)
    if (!state.services.contains(name) && !forgotten.contains(name)) out.forget.push_back(name);
}

}  // namespace

catalog::Service compile_policy(const SystemRecord& system, const DesiredService& service) {
  const ServiceSpec& spec = service.spec();
  catalog::Service policy;
  policy.name = service.name;
  policy.has_port = spec.has_port;
  if (spec.has_port) policy.vip = Address::ipv4(system.vip_network + service.vip_host, vip_port);
  policy.policy = spec.calls;
  policy.routes = spec.routes;
  return policy;
}

Decision schedule(const ClusterState& state, const LastSeen& last_seen, WallTime now,
                  const SchedulerOptions& options) {
  Decision out;
  Hosts hosts(state, last_seen, now, options);
  Situation situation{state, now, options, hosts, out};
  std::deque<ServiceDecision> all;
  std::set<std::string> known;
  for (const auto& [name, service] : state.services) {
    all.emplace_back(situation, service);
    known.insert(name);
  }
  add_orphans(state.assignments, situation, all, known);
  add_orphans(state.instances, situation, all, known);
  auto phase = [&](auto member) {
    bool any = false;
    for (ServiceDecision& each : all) {
      if constexpr (std::is_same_v<decltype((each.*member)()), bool>)
        any |= (each.*member)();
      else
        (each.*member)();
    }
    return any;
  };
  phase(&ServiceDecision::settle);
  phase(&ServiceDecision::judge);
  do {
    out.waits.clear();
    phase(&ServiceDecision::fill);
    phase(&ServiceDecision::replace);
  } while (phase(&ServiceDecision::clear));
  phase(&ServiceDecision::conclude);
  compile_policies(situation);
  out.hosts_looked_at = hosts.looked_at();
  return out;
}

}  // namespace berth::placement
