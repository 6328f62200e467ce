// The time to find a route among many: by host and path, with parameters and expressions, each
// request another one of them.
//   proxy_routes        lines "KIND ROUTES NANOSECONDS ALLOCATIONS"
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "measure.h"
#include "proxy/gateway/route_table.h"

using namespace berth;
using namespace berth::proxy::gateway;

namespace {

/// A request's host and path in memory that is warm, as what was just received is.
struct Request {
  char host_text[64];
  char path_text[64];
  std::string_view host;
  std::string_view path;

  static std::string_view write(char* to, std::string_view before, int number,
                                std::string_view behind) {
    char* end = std::copy(before.begin(), before.end(), to);
    end = std::to_chars(end, end + 12, number).ptr;
    end = std::copy(behind.begin(), behind.end(), end);
    return {to, static_cast<std::size_t>(end - to)};
  }
  void make(int number) {
    host = write(host_text, "host", number / 10, ".example.com");
    path = write(path_text, "/api/v1/service", number, "/items/7");
  }
};

constexpr const char* kinds[] = {"prefix", "parameter", "expression"};

/// Ten routes a host.
RouteTable table_of(int count, int kind) {
  std::vector<Route> routes;
  for (int i = 0; i < count; ++i) {
    Route route;
    std::string number = std::to_string(i);
    route.name = number;
    route.hosts = {"host" + std::to_string(i / 10) + ".example.com"};
    route.path = "/api/v1/service" + number;
    if (kind == 1) {
      route.path += "/items/{id}";
      route.path_kind = Route::PathKind::exact;
    }
    if (kind == 2) {
      route.path_kind = Route::PathKind::expression;
      route.expression = expression(route.path + "/items/[0-9]+").value();
    }
    routes.push_back(std::move(route));
  }
  return RouteTable::compile(std::move(routes)).value();
}

}  // namespace

int main() {
  struct Case {
    int kind;
    int count;
    RouteTable table;
    Rounds rounds;
    int next = 0;
  };
  std::vector<Case> cases;
  for (int kind : {0, 1, 2}) {
    for (int count : {10, 1000, 10000}) cases.push_back({kind, count, table_of(count, kind), {}});
  }
  Request request;
  http::Headers headers;
  for (int round = 0; round < 12; ++round) {
    for (auto& each : cases) {
      each.rounds.add(100'000, [&] {
        request.make(each.next);
        Match match;
        bool found =
            each.table.match({request.host, request.path, "", "GET", "web", &headers}, match);
        if (!found || match.route != &each.table.routes()[static_cast<std::size_t>(each.next)]) {
          std::puts("a wrong route");
          std::exit(1);
        }
        // A step that is prime to 10, 1,000 and 10,000: neighbours do not share a cache line.
        each.next = (each.next + 7919) % each.count;
        keep(match);
      });
    }
  }
  for (auto& each : cases) {
    std::printf("%s %d %.1f %.3f\n", kinds[each.kind], each.count, each.rounds.nanoseconds(),
                each.rounds.allocations());
  }
}
