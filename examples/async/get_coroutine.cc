// Gets one URL as a coroutine:  get_coroutine http://127.0.0.1:8000/

#include <fmt/format.h>

#include "http/client.h"
#include "os/react.h"

using namespace berth;

Deferred<std::string> get(http::Client& client, std::string url) {
  http::Response response = co_await client.get(url);
  fmt::print("status {}\n", response.status());
  co_return co_await response.text();
}

Deferred<int> run(World& world, std::string url) {
  http::Client client(world.clock, world.network);
  Result<std::string> text = co_await get(client, url).result();
  if (text.ok()) {
    fmt::print("{} bytes\n", text->size());
  } else {
    fmt::print("failed: {}\n", text.error().text());
  }
  fmt::print("done\n");
  co_return text.ok() ? 0 : 1;
}

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: get_coroutine URL\n"), 2;
  return os::react([&](World& world) { return run(world, words[1]); });
}
