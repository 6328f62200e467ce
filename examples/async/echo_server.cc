// Sends back what it gets:  echo_server tcp:8000

#include <fmt/format.h>

#include "async/serve.h"
#include "base/endpoint.h"
#include "os/react.h"

using namespace berth;

Deferred<void> echo(std::unique_ptr<ByteStream> stream) {
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return;
    co_await stream->write(std::move(part));
  }
}

Deferred<void> run(World& world, std::string endpoint) {
  Endpoint place = co_await or_return(server_endpoint(endpoint));
  auto listener = co_await or_return(world.network.listen(place.address));
  fmt::print("listening on {}\n", listener->address().text());
  std::fflush(stdout);
  co_await serve(*listener, echo);
}

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: echo_server ENDPOINT\n"), 2;
  return os::react([&](World& world) { return run(world, words[1]); });
}
