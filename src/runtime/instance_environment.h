#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "placement/records.h"
#include "runtime/agent.h"

namespace berth::runtime {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Where a service is called: "http://127.77.3.5:7480". Empty for one without a port.
std::string service_url(const placement::ClusterState& state,
                        const placement::DesiredService& service, std::uint16_t vip_port);

/// The whole environment of an instance, each name once: the host's own for a command (a container
/// has its image's), then PORT and HOST (where it is to listen), BERTH_SYSTEM, BERTH_SERVICE,
/// BERTH_INSTANCE, BERTH_VERSION, BERTH_BUS_URL, NAME_URL for each service that can be called, and
/// last what its service says, which wins.
Variables instance_environment(const placement::ClusterState& state, const AgentOptions& options,
                               const placement::ServiceSpec& service, std::string_view id,
                               std::uint64_t version, std::uint16_t port);

/// What stands in the instances' /etc/hosts: localhost, each service that can be called (also as
/// NAME.berth) at its VIP, then the host's own lines.
std::string hosts_text(const placement::ClusterState& state, std::string_view own_lines);

}  // namespace berth::runtime
