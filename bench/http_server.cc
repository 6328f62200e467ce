// Berth's HTTP server as a program would use it, one thread:
//   http_server PORT [FILES TLS_PORT CERTIFICATE KEY]
//   GET /         200 and 128 bytes of text      GET /users/:id    200 and a small JSON
//   GET /:file    a file of the folder FILES
#include <fmt/format.h>

#include <string>
#include <vector>

#include "http/router.h"
#include "http/server.h"
#include "http/static_files.h"
#include "os/react.h"
#include "tls/listener.h"

using namespace berth;

Address on_port(const std::string& port) {
  return Address::loopback(static_cast<std::uint16_t>(std::stoi(port)));
}

Deferred<std::unique_ptr<Listener>> secured(World& world, std::unique_ptr<Listener> below,
                                            std::string certificate, std::string key) {
  tls::ServerOptions options;
  options.certificates.push_back(co_await tls::read_certificate(world.disk, certificate, key));
  options.alpn = {"h2", "http/1.1"};
  auto context = co_await or_return(tls::ServerContext::make(std::move(options)));
  co_return std::unique_ptr<Listener>(
      std::make_unique<tls::Listener>(context, world.clock, std::move(below)));
}

Deferred<void> run(World& world, std::vector<std::string> words) {
  http::Router router;
  http::StaticFiles files(world.disk, words.size() > 1 ? words[1] : "/nonexistent");
  Bytes text = Bytes::copy(std::string(128, 'x'));
  router.add("GET", "/",
             [&](http::ServerRequest&) { return ready(http::ServerResponse::text(text)); });
  router.add("GET", "/users/:id", [](http::ServerRequest& request) {
    return ready(http::ServerResponse::json(
        fmt::format(R"({{"id":"{}","name":"Ada","roles":["admin"]}})", request.parameter("id"))));
  });
  router.add("GET", "/:file", [&](http::ServerRequest& request) {
    return files.answer(request, "/" + std::string(request.parameter("file")));
  });
  http::Server server(world.clock,
                      [&](http::ServerRequest& request) { return router.route(request); },
                      {.connections_max = 20'000,
                       .connections_per_client_max = 20'000,
                       .requests_per_connection_max = 0,
                       .idle_timeout = 10min});
  server.serve(co_await or_return(world.network.listen(on_port(words[0]))));
  if (words.size() == 5) {
    auto below = co_await or_return(world.network.listen(on_port(words[2])));
    server.serve(co_await secured(world, std::move(below), words[3], words[4]));
  }
  Promise<void> never;
  co_await never.deferred();
}

int main(int count, char** words) {
  if (count != 2 && count != 6) return 2;
  return os::react([&](World& world) { return run(world, {words + 1, words + count}); });
}
