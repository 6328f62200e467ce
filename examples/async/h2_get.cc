// Gets pages all at once, by HTTP/2 where the server knows it (over http:// it must), and tells by
// which version each came:  h2_get [--ca FILE] URL...

#include <fmt/format.h>

#include "async/gather.h"
#include "http/session.h"
#include "os/react.h"
#include "tls/handshake.h"

using namespace berth;

Deferred<std::string> told(http::Session& session, std::string url) {
  http::RequestOptions options;
  if (url.starts_with("http://")) options.version = http::Version::http_2;
  http::Response response = co_await session.get(url, std::move(options));
  int version = response.major_version();
  std::string text = co_await response.text();
  co_return fmt::format("{} HTTP/{} {} bytes", response.status(), version, text.size());
}

Deferred<void> get_all(World& world, std::vector<std::string> urls) {
  tls::ClientOptions trusted;
  if (urls.size() > 2 && urls[0] == "--ca") {
    trusted.authorities = co_await tls::read_pem(world.disk, urls[1]);
    urls.erase(urls.begin(), urls.begin() + 2);
  }
  auto context = co_await or_return(tls::ClientContext::make(std::move(trusted)));
  http::SessionOptions options;
  options.client.secure = tls::secure_with(context, world.clock);
  http::Session session(world, options);
  std::vector<Deferred<std::string>> all;
  for (auto& url : urls) all.push_back(told(session, url));
  std::vector<std::string> lines = co_await gather_results(std::move(all));
  for (auto& line : lines) fmt::print("{}\n", line);
  auto* client = session.client();
  fmt::print("{} connections\n", client->idle() + client->busy());
}

int main(int count, char** words) {
  if (count < 2) return fmt::print(stderr, "usage: h2_get [--ca FILE] URL...\n"), 2;
  std::vector<std::string> urls(words + 1, words + count);
  return os::react([&](World& world) { return get_all(world, urls); });
}
