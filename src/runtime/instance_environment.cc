#include "runtime/instance_environment.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::runtime {
namespace {

/// "order-mail" is ORDER_MAIL in a variable's name.
std::string variable_name(std::string_view service) {
  std::string name(service);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    } else if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) {
      c = '_';
    }
  }
  return name;
}

void set(Variables& variables, std::string name, std::string value) {
  auto there = std::ranges::find(variables, name, &Variables::value_type::first);
  if (there != variables.end()) {
    there->second = std::move(value);
  } else {
    variables.emplace_back(std::move(name), std::move(value));
  }
}

Address vip_of(const placement::ClusterState& state, const placement::DesiredService& service,
               std::uint16_t port) {
  return Address::ipv4(state.system.vip_network + service.vip_host, port);
}

bool can_be_called(const placement::DesiredService& service) {
  return !service.removed && !service.versions.empty() && service.spec().has_port;
}

}  // namespace

std::string service_url(const placement::ClusterState& state,
                        const placement::DesiredService& service, std::uint16_t vip_port) {
  return can_be_called(service) ? "http://" + vip_of(state, service, vip_port).text() : "";
}

Variables instance_environment(const placement::ClusterState& state, const AgentOptions& options,
                               const placement::ServiceSpec& service, std::string_view id,
                               std::uint64_t version, std::uint16_t port) {
  Variables all;
  if (service.source == placement::ServiceSpec::Source::command) {
    for (auto& [name, value] : options.environment) set(all, name, value);
  }
  if (service.has_port) {
    set(all, "PORT", std::to_string(port));
    set(all, "HOST", options.address);
  }
  set(all, "BERTH_SYSTEM", state.system.name);
  set(all, "BERTH_SERVICE", service.name);
  set(all, "BERTH_INSTANCE", std::string(id));
  set(all, "BERTH_VERSION", std::to_string(version));
  if (!options.bus_url.empty()) set(all, "BERTH_BUS_URL", options.bus_url);
  for (auto& [name, desired] : state.services) {
    std::string url = service_url(state, desired, options.vip_port);
    if (!url.empty()) set(all, variable_name(name) + "_URL", std::move(url));
  }
  for (auto& [name, value] : service.env) set(all, name, value);
  return all;
}

std::string hosts_text(const placement::ClusterState& state, std::string_view own_lines) {
  std::string text =
      "# Written by Berth and kept current: the services of this system, then this host's lines.\n"
      "127.0.0.1 localhost\n"
      "::1 localhost ip6-localhost ip6-loopback\n";
  for (auto& [name, service] : state.services) {
    if (!can_be_called(service)) continue;
    text += vip_of(state, service, 0).ip_text() + " " + name + " " + name + ".berth\n";
  }
  text += "\n";
  for (auto line : split(own_lines, '\n')) {
    std::string_view told = trim(line.substr(0, line.find('#')));
    if (!told.empty()) text += std::string(told) + "\n";
  }
  return text;
}

}  // namespace berth::runtime
