// Gets one URL as a coroutine:  get_coroutine http://127.0.0.1:8000/

#include <fmt/format.h>

#include "http/session.h"
#include "os/react.h"

using namespace berth;

Deferred<std::string> get(http::Session& session, std::string url) {
  http::Response response = co_await session.get(url);
  fmt::print("status {}\n", response.status());
  co_return co_await response.text();
}

Deferred<int> run(World& world, std::string url) {
  http::Session session(world);
  Result<std::string> text = co_await get(session, url).result();
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
