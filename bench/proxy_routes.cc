// The time to find a route among many: by host and path, with parameters and expressions, each
// request another one of them.
//   proxy_routes        lines "ROUTES NANOSECONDS ALLOCATIONS"
#include <cstdio>
#include <string>
#include <vector>

#include "measure.h"
#include "proxy/gateway/route_table.h"

using namespace berth;
using namespace berth::proxy::gateway;

namespace {

struct Request {
  std::string host;
  std::string path;
};

/// A tenth of the routes each host; of those one in ten with a parameter, one in ten an expression.
RouteTable table_of(int count, std::vector<Request>& requests) {
  std::vector<Route> routes;
  for (int i = 0; i < count; ++i) {
    Route route;
    std::string number = std::to_string(i);
    route.name = number;
    route.hosts = {"host" + std::to_string(i / 10) + ".example.com"};
    route.path = "/api/v1/service" + number;
    Request request{route.hosts[0], route.path + "/items/7"};
    if (i % 10 == 8) {
      route.path += "/items/{id}";
      route.path_kind = Route::PathKind::exact;
    }
    if (i % 10 == 9) {
      route.path_kind = Route::PathKind::expression;
      route.expression = expression(route.path + "/items/[0-9]+").value();
    }
    routes.push_back(std::move(route));
    requests.push_back(std::move(request));
  }
  return RouteTable::compile(std::move(routes)).value();
}

}  // namespace

int main() {
  struct Case {
    int count;
    std::vector<Request> requests;
    RouteTable table;
    Rounds rounds;
    std::size_t next = 0;
  };
  std::vector<Case> cases;
  for (int count : {10, 1000, 10000}) {
    cases.push_back({count, {}, {}, {}});
    cases.back().table = table_of(count, cases.back().requests);
  }
  http::Headers headers;
  for (int round = 0; round < 12; ++round) {
    for (auto& each : cases) {
      each.rounds.add(100'000, [&] {
        auto& request = each.requests[each.next];
        // A step that is prime to 10, 1,000 and 10,000: neighbours do not share a cache line.
        each.next = (each.next + 7919) % each.requests.size();
        Match match;
        bool found =
            each.table.match({request.host, request.path, "", "GET", "web", &headers}, match);
        if (!found ||
            match.route !=
                &each.table.routes()[static_cast<std::size_t>(&request - each.requests.data())]) {
          std::puts("a wrong route");
          std::exit(1);
        }
        keep(match);
      });
    }
  }
  for (auto& each : cases) {
    std::printf("%d %.1f %.3f\n", each.count, each.rounds.nanoseconds(), each.rounds.allocations());
  }
}
