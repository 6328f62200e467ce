#include "proxy/gateway/catalog_routes.h"

#include <algorithm>

#include "proxy/gateway/public_route.h"

namespace berth::proxy::gateway {

std::shared_ptr<const Gateway> gateway_of(const catalog::Snapshot& snapshot,
                                          const Address& address) {
  auto gateway = std::make_shared<Gateway>();
  gateway->path.normal = false;
  std::vector<Route> routes;
  for (auto& [name, service] : snapshot.services) {
    for (auto& each : service->routes) {
      auto route = public_route(each, name, snapshot.domain);
      // Placement has checked them; one that is wrong all the same is left out.
      if (!route.ok()) continue;
      // Another spelling of a path must not go around what its route asks for.
      if (!each.rules.empty()) gateway->path.normal = true;
      routes.push_back(std::move(*route));
    }
  }
  if (auto table = RouteTable::compile(std::move(routes)); table.ok()) {
    gateway->routes = std::move(*table);
  }
  auto entrance = std::make_shared<Entrance>();
  entrance->name = "gateway";
  entrance->address = address;
  entrance->connections_per_client_max = ~std::size_t{0};
  gateway->entrances.push_back(std::move(entrance));
  return gateway;
}

bool same_routes(const catalog::Snapshot& a, const catalog::Snapshot& b) {
  if (a.domain != b.domain) return false;
  auto has_routes = [](auto& pair) { return !pair.second->routes.empty(); };
  auto next = [&](auto at, auto end) { return std::find_if(at, end, has_routes); };
  auto x = next(a.services.begin(), a.services.end());
  auto y = next(b.services.begin(), b.services.end());
  while (x != a.services.end() && y != b.services.end()) {
    if (x->first != y->first || x->second->routes != y->second->routes) return false;
    x = next(std::next(x), a.services.end());
    y = next(std::next(y), b.services.end());
  }
  return x == a.services.end() && y == b.services.end();
}

}  // namespace berth::proxy::gateway
