// Answers each request with its path, by HTTP/2 or HTTP/1.1 over TLS:
// https_server tls:8443 CERTIFICATE KEY

#include <fmt/format.h>

#include "async/shield.h"
#include "base/endpoint.h"
#include "http/server.h"
#include "os/react.h"
#include "tls/endpoint.h"

using namespace berth;

Deferred<http::ServerResponse> answer(http::ServerRequest& request) {
  co_return http::ServerResponse::text(fmt::format("you want {}\n", request.head.target));
}

Deferred<void> run(World& world, std::vector<std::string> words) {
  tls::ServerOptions options;
  options.certificates.push_back(co_await tls::read_certificate(world.disk, words[1], words[2]));
  options.alpn = {"h2", "http/1.1"};
  auto context = co_await or_return(tls::ServerContext::make(std::move(options)));
  Endpoint endpoint = co_await or_return(server_endpoint(words[0]));
  auto listener = co_await or_return(tls::listen(world, context, endpoint));
  fmt::print("listening on {}\n", listener->address().text());
  std::fflush(stdout);
  http::Server server(world.clock, answer);
  server.serve(std::move(listener));
  Promise<void> never;
  std::ignore = co_await never.deferred().result();  // until a signal cancels it
  co_await shielded(server.close());
}

int main(int count, char** words) {
  if (count != 4) return fmt::print(stderr, "usage: https_server ENDPOINT CERTIFICATE KEY\n"), 2;
  return os::react([&](World& world) { return run(world, {words + 1, words + count}); });
}
