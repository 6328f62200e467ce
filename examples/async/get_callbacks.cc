// Gets one URL with callbacks and errbacks:  get_callbacks http://127.0.0.1:8000/

#include <fmt/format.h>

#include "http/session.h"
#include "os/react.h"

using namespace berth;

Deferred<int> get(World& world, std::string url) {
  auto session = std::make_shared<http::Session>(world);
  return session->get(url)
      .then([](http::Response response) {
        fmt::print("status {}\n", response.status());
        return http::text_of(std::move(response));
      })
      .then(
          [](std::string text) {
            fmt::print("{} bytes\n", text.size());
            return 0;
          },
          [](Error error) {
            fmt::print("failed: {}\n", error.text());
            return 1;
          })
      .finally([session] { fmt::print("done\n"); });
}

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: get_callbacks URL\n"), 2;
  return os::react([&](World& world) { return get(world, words[1]); });
}
