// Gets a page over TLS, by hand:  tls_get tls:a.example:8443 PATH [CA [ADDRESS]]
// Without CA the system's roots are trusted; ADDRESS is connected to instead of the name's.

#include <fmt/format.h>

#include "base/endpoint.h"
#include "os/react.h"
#include "tls/endpoint.h"
#include "tls/stream.h"

using namespace berth;

Deferred<int> run(World& world, std::vector<std::string> words) {
  tls::ClientOptions options;
  options.alpn = {"http/1.1"};
  if (words.size() > 2) options.authorities = co_await tls::read_pem(world.disk, words[2]);
  auto context = co_await or_return(tls::ClientContext::make(std::move(options)));
  Endpoint endpoint = co_await or_return(client_endpoint(words[0]));
  if (words.size() > 3) endpoint.address = co_await or_return(Address::parse(words[3]));
  auto stream = co_await tls::connect(world, context, endpoint);

  auto& secured = static_cast<tls::Stream&>(*stream);
  fmt::print("{} {} {}\n", secured.version(), secured.protocol(),
             secured.peer_certificate()->subject);
  std::string request =
      "GET " + words[1] + " HTTP/1.1\r\nhost: " + endpoint.host + "\r\nconnection: close\r\n\r\n";
  co_await stream->write(Bytes::copy(request));
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return 0;
    fmt::print("{}", part.view());
  }
}

int main(int count, char** words) {
  if (count < 3) return fmt::print(stderr, "usage: tls_get ENDPOINT PATH [CA [ADDRESS]]\n"), 2;
  return os::react([&](World& world) { return run(world, {words + 1, words + count}); });
}
