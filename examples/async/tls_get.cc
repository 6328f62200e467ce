// Gets a page over TLS:  tls_get tcp:127.0.0.1:8443 HOST PATH [CA]
// Without CA the system's roots are trusted.

#include <fmt/format.h>

#include "async/clock.h"
#include "base/endpoint.h"
#include "os/react.h"
#include "tls/handshake.h"
#include "tls/stream.h"

using namespace berth;

Deferred<int> run(World& world, std::vector<std::string> words) {
  tls::ClientOptions options;
  options.alpn = {"http/1.1"};
  if (words.size() > 3) options.authorities = co_await tls::read_pem(world.disk, words[3]);
  auto context = co_await or_return(tls::ClientContext::make(std::move(options)));
  Address address = co_await or_return(client_endpoint(words[0]));
  auto below = co_await world.network.connect(address);
  auto stream = co_await tls::connect(context, world.clock, std::move(below), words[1]);

  auto& secured = static_cast<tls::Stream&>(*stream);
  fmt::print("{} {} {}\n", secured.version(), secured.alpn(), secured.peer_certificate()->subject);
  std::string request =
      "GET " + words[2] + " HTTP/1.1\r\nhost: " + words[1] + "\r\nconnection: close\r\n\r\n";
  co_await stream->write(Bytes::copy(request));
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return 0;
    fmt::print("{}", part.view());
  }
}

int main(int count, char** words) {
  if (count < 4) return fmt::print(stderr, "usage: tls_get ENDPOINT HOST PATH [CA]\n"), 2;
  return os::react([&](World& world) { return run(world, {words + 1, words + count}); });
}
