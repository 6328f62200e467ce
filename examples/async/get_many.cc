// Gets many URLs at once; the first error ends all of it:  get_many URL...

#include <fmt/format.h>

#include "async/gather.h"
#include "http/session.h"
#include "os/react.h"

using namespace berth;

Deferred<std::size_t> size_of(http::Session& session, std::string url) {
  http::Response response = co_await session.get(url);
  std::string text = co_await response.text();
  co_return text.size();
}

Deferred<void> get_all(World& world, std::vector<std::string> urls) {
  http::Session session(world);
  std::vector<Deferred<std::size_t>> all;
  for (auto& url : urls) all.push_back(size_of(session, url));
  std::vector<std::size_t> sizes = co_await gather_results(std::move(all));
  for (std::size_t i = 0; i < urls.size(); ++i) fmt::print("{} {} bytes\n", urls[i], sizes[i]);
}

int main(int count, char** words) {
  if (count < 2) return fmt::print(stderr, "usage: get_many URL...\n"), 2;
  std::vector<std::string> urls(words + 1, words + count);
  return os::react([&](World& world) { return get_all(world, urls); });
}
