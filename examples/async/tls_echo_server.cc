// Sends back what it gets, over TLS:  tls_echo_server tls:8443 CERTIFICATE KEY [CLIENTS_CA]
// With CLIENTS_CA clients must show a certificate of it. Changed files are taken in each second.

#include <fmt/format.h>

#include "async/looping_call.h"
#include "async/serve.h"
#include "base/endpoint.h"
#include "os/react.h"
#include "tls/endpoint.h"
#include "tls/stream.h"

using namespace berth;

Deferred<void> echo(std::unique_ptr<ByteStream> stream) {
  auto& secured = static_cast<tls::Stream&>(*stream);
  auto client = secured.peer_certificate();
  fmt::print("{} {} {} {}\n", secured.version(), secured.resumed() ? "resumed" : "new",
             secured.server_name(), client ? client->subject : "nobody");
  std::fflush(stdout);
  for (;;) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return co_await stream->shutdown_write();
    co_await stream->write(std::move(part));
  }
}

Deferred<void> reload(tls::ServerContext context, Disk& disk) {
  auto reloaded = co_await context.reload(disk).result();
  if (!reloaded.ok()) fmt::print(stderr, "kept the old: {}\n", reloaded.error().text());
}

Deferred<void> run(World& world, std::vector<std::string> words) {
  tls::ServerOptions options;
  options.certificates.push_back(co_await tls::read_certificate(world.disk, words[1], words[2]));
  if (words.size() > 3) {
    options.client_certificates = tls::ClientCertificates::required;
    options.client_authorities = co_await tls::read_pem(world.disk, words[3]);
  }
  auto context = co_await or_return(tls::ServerContext::make(std::move(options)));
  Endpoint endpoint = co_await or_return(server_endpoint(words[0]));
  auto listener = co_await or_return(tls::listen(world, context, endpoint));
  fmt::print("listening on {}\n", listener->address().text());
  std::fflush(stdout);
  LoopingCall reloading(world.clock, [&] { return reload(context, world.disk); });
  auto forever = reloading.start(1s, LoopingCall::First::after_interval);
  co_await serve(*listener, echo);
}

int main(int count, char** words) {
  if (count < 4) {
    return fmt::print(stderr, "usage: tls_echo_server ENDPOINT CERTIFICATE KEY [CLIENTS_CA]\n"), 2;
  }
  return os::react([&](World& world) { return run(world, {words + 1, words + count}); });
}
