// Sends back each message of a WebSocket, and each other request's body, which may come by HTTP/1.1
// or HTTP/2:  websocket_echo_server tcp:8000

#include <fmt/format.h>

#include <tuple>

#include "async/shield.h"
#include "base/endpoint.h"
#include "http/websocket.h"
#include "os/react.h"

using namespace berth;

Deferred<void> echo(http::WebSocket& socket) {
  while (auto message = co_await socket.receive()) co_await socket.send(std::move(*message));
}

Deferred<http::ServerResponse> answer(Clock& clock, http::ServerRequest& request) {
  if (request.head.path() == "/chat") co_return http::accept_websocket(request, clock, echo);
  co_return http::ServerResponse::text(co_await request.body(16 << 20));
}

Deferred<void> run(World& world, std::string endpoint) {
  Endpoint place = co_await or_return(server_endpoint(endpoint));
  auto listener = co_await or_return(world.network.listen(place.address));
  fmt::print("listening on {}\n", listener->address().text());
  std::fflush(stdout);
  http::Server server(world.clock, [&](auto& request) { return answer(world.clock, request); });
  server.serve(std::move(listener));
  std::ignore = co_await world.clock.after(24h * 365).result();
  co_await shielded(server.close());
}

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: websocket_echo_server ENDPOINT\n"), 2;
  return os::react([&](World& world) { return run(world, words[1]); });
}
