// TCP echo on Berth, one thread:  echo_berth PORT
#include "async/serve.h"
#include "os/react.h"

using namespace berth;

Deferred<void> echo(std::unique_ptr<ByteStream> stream) {
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return;
    co_await stream->write(std::move(part));
  }
}

Deferred<void> run(World& world, int port) {
  auto listener =
      co_await or_return(world.network.listen(Address::loopback(static_cast<std::uint16_t>(port))));
  co_await serve(*listener, echo);
}

int main(int count, char** words) {
  if (count != 2) return 2;
  return os::react([&](World& world) { return run(world, std::atoi(words[1])); });
}
