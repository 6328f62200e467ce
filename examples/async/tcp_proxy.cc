// Passes connections on to another place:  tcp_proxy tcp:8000 tcp:users:9000

#include <fmt/format.h>

#include "async/connect.h"
#include "async/gather.h"
#include "async/serve.h"
#include "os/react.h"

using namespace berth;

/// Until `from` ends its half; `to` then sees that end. It reads no faster than `to` takes.
Deferred<void> copy(ByteStream& from, ByteStream& to) {
  for (;;) {
    Bytes part = co_await from.read();
    if (part.empty()) break;
    co_await to.write(std::move(part));
  }
  co_await to.shutdown_write();
}

Deferred<void> relay(World& world, Endpoint target, std::unique_ptr<ByteStream> client) {
  auto server = co_await connect(world, target);
  co_await gather_results(together(copy(*client, *server), copy(*server, *client)));
}

Deferred<void> run(World& world, std::string from, std::string to) {
  Endpoint target = co_await or_return(client_endpoint(to));
  Endpoint endpoint = co_await or_return(server_endpoint(from));
  auto listener = co_await or_return(world.network.listen(endpoint.address));
  fmt::print("listening on {}\n", listener->address().text());
  std::fflush(stdout);
  co_await serve(*listener, [&](std::unique_ptr<ByteStream> client) {
    return relay(world, target, std::move(client));
  });
}

int main(int count, char** words) {
  if (count != 3) return fmt::print(stderr, "usage: tcp_proxy ENDPOINT ENDPOINT\n"), 2;
  return os::react([&](World& world) { return run(world, words[1], words[2]); });
}
