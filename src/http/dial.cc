#include "http/dial.h"

#include "async/connect_any.h"
#include "http/h1_writer.h"

namespace berth::http::detail {
namespace {

using Step = Progress::Step;

std::vector<std::string> offered(Version version) {
  if (version == Version::http_1_1) return {"http/1.1"};
  if (version == Version::http_2) return {"h2"};
  return {"h2", "http/1.1"};
}

/// Asks a proxy for a way through (RFC 9110 section 9.3.6).
Deferred<void> open_tunnel(ByteStream& stream, const Passage& passage) {
  std::string head = "CONNECT " + passage.tunnel + " HTTP/1.1\r\n";
  append_header(head, "host", passage.tunnel);
  if (!passage.authorization.empty()) {
    append_header(head, "proxy-authorization", passage.authorization);
  }
  head += "\r\n";
  co_await stream.write(Bytes::copy(head));
  H1Reader reader(stream);
  ResponseHead answer = co_await reader.response("CONNECT");
  while (answer.status < 200) answer = co_await reader.response("CONNECT");
  if (answer.status >= 300) {
    co_await fail_with(Error(answer.status == 407 ? Code::denied : Code::unavailable,
                             "the proxy answered with status " + std::to_string(answer.status)));
  }
  if (reader.buffered()) {
    co_await fail_with(Error(Code::invalid, "the proxy sent bytes of its own into the tunnel"));
  }
}

}  // namespace

Deferred<std::unique_ptr<ByteStream>> dial(ClientPool& pool, const Route& route,
                                           Progress& progress) {
  std::unique_ptr<ByteStream> stream;
  progress.opens();
  if (route.address.family() != Address::Family::none) {
    progress.begin(Step::connecting);
    stream = co_await pool.network.connect(route.address);
  } else {
    progress.begin(Step::resolving);
    auto addresses =
        co_await pool.options.resolver->resolve(route.passage->name, route.passage->port);
    progress.begin(Step::connecting);
    progress.opens();
    stream = co_await connect_any(pool.clock, pool.network, std::move(addresses));
  }
  progress.connected(stream->peer_address());
  if (!route.passage) co_return std::move(stream);
  if (!route.passage->tunnel.empty()) {
    progress.begin(Step::tunnelling);
    co_await open_tunnel(*stream, *route.passage);
  }
  if (!route.passage->secured.empty()) {
    progress.begin(Step::securing);
    stream = co_await pool.options.secure(std::move(stream), route.passage->secured,
                                          offered(route.version));
  }
  co_return std::move(stream);
}

}  // namespace berth::http::detail
