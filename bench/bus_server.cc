// The bus's HTTP routes on a folder of its own, as `berth dev` serves them, and nothing else.
//   bus_server FOLDER PORT
#include <cstdio>
#include <cstdlib>

#include "bus/bus_routes.h"
#include "bus_world.h"
#include "http/server.h"

using namespace berth;

int main(int count, char** words) {
  if (count < 3) return 2;
  BenchWorld bench;
  bus::Bus bus(bench.world, Log(), {.folder = words[1]},
               [](const std::string&) { return Address(); }, {});
  auto opened = bench.run(bus.open());
  auto listener =
      bench.network.listen(Address::loopback(static_cast<std::uint16_t>(std::atoi(words[2]))));
  if (!opened.ok() || !listener.ok()) {
    std::fprintf(stderr, "%s\n", (opened.ok() ? listener.error() : opened.error()).text().c_str());
    return 1;
  }
  http::Router router;
  bus::add_bus_routes(router, bus);
  http::Server server(bench.reactor,
                      [&](http::ServerRequest& request) { return router.route(request); });
  server.serve(std::move(*listener));
  return bench.reactor.run();
}
