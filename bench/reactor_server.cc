// Berth's HTTP server with one small answer, on the reactor that BERTH_REACTOR names.
//   reactor_server PORT      prints the reactor's name when it listens
#include <cstdio>
#include <cstdlib>

#include "http/server.h"
#include "os/network.h"
#include "os/reactor.h"

using namespace berth;

int main(int count, char** words) {
  if (count < 2) return 2;
  os::Reactor reactor;
  os::Network network(reactor);
  std::string body(128, 'x');
  http::Server server(
      reactor, [&](http::ServerRequest&) { return ready(http::ServerResponse::text(body)); });
  auto listener =
      network.listen(Address::loopback(static_cast<std::uint16_t>(std::atoi(words[1]))));
  if (!listener.ok()) return std::fputs(listener.error().text().c_str(), stderr), 1;
  server.serve(std::move(*listener));
  std::printf("%.*s\n", static_cast<int>(reactor.choice().name().size()),
              reactor.choice().name().data());
  std::fflush(stdout);
  return reactor.run();
}
