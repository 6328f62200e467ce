#include "app/dev_places.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "os/host.h"

namespace berth::app {
namespace {

struct Wanted {
  std::string_view name;
  std::uint16_t usual;
  std::optional<std::uint16_t> asked;
  bool datagrams;  // UDP too
  bool of_proxy;   // the proxy listens there, and may outlive us
  std::uint16_t SystemPlaces::* place;
};

Result<std::uint16_t> choose(const Wanted& wanted, StateFolder& state, PortClaims& claims,
                             bool proxy_lives, std::vector<std::string>& notes) {
  std::uint16_t last = state.remembered_port(wanted.name, wanted.usual);
  std::uint16_t first = wanted.asked.value_or(last);
  bool ours = wanted.of_proxy && proxy_lives && first == last;
  std::uint16_t port = TRY(claims.claim(first, wanted.datagrams, ours));
  if (wanted.asked && port != *wanted.asked) {
    return Error(Code::in_use, fmt::format("port {} ({}) is taken by another program; choose one "
                                           "that is free, or leave the flag out",
                                           *wanted.asked, wanted.name));
  }
  if (port != first) {
    notes.push_back(fmt::format("port {} is taken; {} is at {}", first, wanted.name, port));
  }
  state.remember_port(wanted.name, port);
  return port;
}

}  // namespace

Result<SystemPlaces> choose_places(const DevArguments& arguments, StateFolder& state,
                                   PortClaims& claims, std::vector<std::string>& notes) {
  SystemPlaces places;
  bool proxy_lives = !os::lock_file(state.file("proxy.lock")).ok();
  const Wanted all[] = {
      {"console", 7400, arguments.console_port, false, false, &SystemPlaces::console},
      {"gateway", 8080, arguments.gateway_port, false, true, &SystemPlaces::gateway},
      {"dns", 8600, arguments.dns_port, true, true, &SystemPlaces::dns},
      {"riemann", 5555, arguments.riemann_port, true, false, &SystemPlaces::riemann},
      {"riemann-web", 5556, {}, false, false, &SystemPlaces::riemann_web},
      {"riemann-events", 5558, {}, false, false, &SystemPlaces::riemann_events},
      {"syslog", 5514, arguments.syslog_port, true, false, &SystemPlaces::syslog},
      {"bus", 7401, {}, false, false, &SystemPlaces::bus},
  };
  for (auto& wanted : all) {
    places.*wanted.place = TRY(choose(wanted, state, claims, proxy_lives, notes));
  }
  // Not the same for every system, so that several seldom meet.
  auto usual = static_cast<std::uint16_t>(hash64(state.path()) % 254 + 1);
  std::uint16_t last = state.remembered_port("network", usual);
  places.vip_network = TRY(claims.claim_network(last, 7480, proxy_lives));
  state.remember_port("network", static_cast<std::uint16_t>(places.vip_network >> 8 & 255));
  TRY(state.keep());
  return places;
}

}  // namespace berth::app
