// Berth's HTTP server as a program would use it, one thread:  http_server PORT
//   GET /         200 and 128 bytes of text      GET /users/:id    200 and a small JSON
#include <fmt/format.h>

#include "http/router.h"
#include "http/server.h"
#include "os/react.h"

using namespace berth;

Deferred<void> run(World& world, int port) {
  http::Router router;
  std::string text(128, 'x');
  router.add("GET", "/",
             [&](http::ServerRequest&) { return ready(http::ServerResponse::text(text)); });
  router.add("GET", "/users/:id", [](http::ServerRequest& request) {
    return ready(http::ServerResponse::json(
        fmt::format(R"({{"id":"{}","name":"Ada","roles":["admin"]}})", request.parameter("id"))));
  });
  http::Server server(world.clock,
                      [&](http::ServerRequest& request) { return router.route(request); });
  server.serve(co_await or_return(
      world.network.listen(Address::loopback(static_cast<std::uint16_t>(port)))));
  Promise<void> never;
  co_await never.deferred();
}

int main(int count, char** words) {
  if (count != 2) return 2;
  return os::react([&](World& world) { return run(world, std::atoi(words[1])); });
}
