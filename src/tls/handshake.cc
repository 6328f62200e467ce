#include "tls/handshake.h"

#include <tuple>
#include <utility>

#include "tls/stream.h"

namespace berth::tls {
namespace {

using StreamPointer = std::unique_ptr<ByteStream>;

Deferred<void> shake_hands(Engine& engine, ByteStream& stream) {
  for (;;) {
    auto progress = engine.handshake();
    if (engine.has_output()) {
      auto sent = co_await stream.write(engine.take_output()).result();
      // The peer may have gone because of what we told it: its word comes first.
      if (!sent.ok() && progress.ok()) co_await fail_with(std::move(sent).error());
    }
    if (co_await or_return(std::move(progress)) == Engine::Progress::done) co_return;
    Bytes part = co_await stream.read();
    if (part.empty()) {
      co_await fail_with(Error(Code::reset, "the peer has ended the connection"));
    }
    engine.feed(std::move(part));
  }
}

constexpr Duration linger = 1s;
constexpr std::size_t linger_bytes_max = 64 << 10;

/// What a refused peer had sent ahead, read so that closing does not reset the connection under the
/// alert that tells it why.
Deferred<void> read_away(ByteStream& stream) {
  co_await stream.shutdown_write();
  for (std::size_t bytes = 0; bytes < linger_bytes_max;) {
    Bytes part = co_await stream.read();
    if (part.empty()) co_return;
    bytes += part.size();
  }
}

Deferred<StreamPointer> secure(std::unique_ptr<Engine> engine, Clock& clock, Duration limit,
                               StreamPointer stream, std::string what) {
  auto done = co_await with_timeout(clock, limit, shake_hands(*engine, *stream)).result();
  if (!done.ok()) {
    if (done.error().is(Code::denied) || done.error().is(Code::invalid)) {
      std::ignore = co_await with_timeout(clock, linger, read_away(*stream)).result();
    }
    co_return std::move(done).error().during(std::move(what));
  }
  co_return std::make_unique<Stream>(std::move(stream), std::move(engine));
}

}  // namespace

Deferred<StreamPointer> accept(ServerContext context, Clock& clock, StreamPointer stream) {
  std::string what = "the TLS handshake with " + stream->peer_address().text();
  auto engine = context.engine(clock.now(), clock.wall());
  return secure(std::move(engine), clock, context.options().handshake_timeout, std::move(stream),
                std::move(what));
}

Deferred<StreamPointer> connect(ClientContext context, Clock& clock, StreamPointer stream,
                                std::string host, const std::vector<std::string>& protocols) {
  Address peer = stream->peer_address();
  std::string what = "the TLS handshake with " + host + " at " + peer.text();
  auto engine = context.engine(host, peer.port(), clock.wall(), protocols);
  if (!engine.ok()) return failed<StreamPointer>(std::move(engine).error().during(what));
  return secure(std::move(*engine), clock, context.options().handshake_timeout, std::move(stream),
                std::move(what));
}

Secure secure_with(ClientContext context, Clock& clock) {
  return [context = std::move(context), &clock](StreamPointer stream, std::string host,
                                                std::vector<std::string> protocols) {
    return connect(context, clock, std::move(stream), std::move(host), protocols);
  };
}

}  // namespace berth::tls
