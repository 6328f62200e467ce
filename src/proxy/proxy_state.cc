#include "proxy/proxy_state.h"

#include <algorithm>
#include <utility>

#include "async/clock.h"
#include "async/world.h"

namespace berth::proxy {
namespace {

ProxyState::Service state_of(const Pool& pool, MonotonicTime now) {
  ProxyState::Service state;
  state.service = pool.shared_service();
  state.in_flight = pool.in_flight();
  state.queued = pool.queue.size();
  state.in_rotation = pool.endpoints().size();
  state.in_flight_max = pool.policy().in_flight_max;
  if (state.in_rotation == 0) state.why_none = pool.why_none({});
  for (auto& endpoint : pool.endpoints()) {
    bool resting = endpoint->outlier.resting();
    state.instances[endpoint->id] = {endpoint->in_flight, resting,
                                     resting ? endpoint->outlier.why(now) : ""};
  }
  if (pool.caches()) {
    auto& cache = pool.cache();
    state.cache = ProxyState::Cache{cache.counts, cache.entries(), cache.bytes()};
  }
  state.hedges = pool.hedges;
  return state;
}

void add(ProxyState::Service& to, const ProxyState::Service& from) {
  to.in_flight += from.in_flight;
  to.queued += from.queued;
  to.in_flight_max += from.in_flight_max;
  for (auto& [id, instance] : from.instances) {
    auto found = to.instances.find(id);
    if (found == to.instances.end()) continue;
    found->second.in_flight += instance.in_flight;
    if (found->second.why.empty()) found->second.why = instance.why;
    found->second.resting = found->second.resting || instance.resting;
  }
  if (to.cache && from.cache) {
    to.cache->counts.add(from.cache->counts);
    to.cache->entries += from.cache->entries;
    to.cache->bytes += from.cache->bytes;
  }
  to.hedges.sent += from.hedges.sent;
  to.hedges.won += from.hedges.won;
  to.hedges.refused += from.hedges.refused;
}

}  // namespace

ProxyState ProxyState::of(const Proxy& proxy, const Counts& counts) {
  ProxyState state;
  state.connections = proxy.connections();
  state.connections_max = proxy.options().connections_max;
  state.entries_refused = proxy.entries_refused();
  state.stopping = proxy.stopping();
  state.fronts = proxy.fronts();
  MonotonicTime now = proxy.world().clock.now();
  for (auto& [name, pool] : proxy.pools()) state.services.emplace(name, state_of(*pool, now));
  state.counts = counts.all();
  return state;
}

void ProxyState::add(const ProxyState& other) {
  threads += other.threads;
  connections += other.connections;
  connections_max += other.connections_max;
  entries_refused += other.entries_refused;
  for (auto& front : fronts) {
    auto same = std::ranges::find_if(other.fronts, [&](auto& each) {
      return each.address == front.address && each.name == front.name;
    });
    if (same == other.fronts.end()) continue;
    front.connections += same->connections;
    front.accepted += same->accepted;
  }
  for (auto& [name, service] : services) {
    auto same = other.services.find(name);
    if (same != other.services.end()) proxy::add(service, same->second);
  }
  counts.add(other.counts);
}

}  // namespace berth::proxy
