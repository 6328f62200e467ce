#include "observe/riemann_server.h"

#include <string>

#include "async/clock.h"
#include "observe/riemann_codec.h"

namespace berth::observe {

void RiemannServer::serve(std::unique_ptr<Listener> listener) {
  listener_ = std::move(listener);
  scope_.add(accept_all());
}

Deferred<void> RiemannServer::close() {
  if (listener_) listener_->close();
  return scope_.close();
}

Deferred<void> RiemannServer::accept_all() {
  for (;;) {
    auto stream = co_await listener_->accept().result();
    if (!stream.ok()) co_return;
    if (scope_.size() <= connections_max) scope_.add(converse_logged(std::move(*stream)));
  }
}

Deferred<void> RiemannServer::converse_logged(std::unique_ptr<ByteStream> stream) {
  std::string peer = stream->peer_address().text();
  auto ended = co_await converse(std::move(stream)).result();
  if (!ended.ok() && !ended.error().is(Code::cancelled)) {
    log_.info("a Riemann client's connection ended", {{"peer", peer}, {"error", ended.error()}});
  }
}

Deferred<void> RiemannServer::converse(std::unique_ptr<ByteStream> stream) {
  std::string received;
  for (;;) {
    std::size_t wanted = 4;
    if (received.size() >= 4) {
      auto* head = reinterpret_cast<const unsigned char*>(received.data());
      wanted += std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 | head[2] << 8 | head[3];
      if (wanted > riemann_message_bytes_max) {
        co_await fail_with(
            Error(Code::invalid, "a message of " + std::to_string(wanted) + " bytes is too long"));
      }
    }
    if (received.size() >= 4 && received.size() >= wanted) {
      std::string answer = take_in(std::string_view(received).substr(4, wanted - 4));
      received.erase(0, wanted);
      co_await stream->write(Bytes::copy(answer));
      continue;
    }
    Bytes more = co_await stream->read();
    if (more.empty()) co_return;
    received += more.view();
  }
}

std::string RiemannServer::take_in(std::string_view bytes) {
  auto message = decode_riemann(bytes, world_.clock.wall());
  if (!message.ok()) return encode_riemann_answer(message.error().text());
  if (!message->query.empty()) return encode_riemann_answer("queries are not supported yet");
  for (auto& event : message->events) sink_(std::move(event));
  events_ += message->events.size();
  return encode_riemann_answer("");
}

}  // namespace berth::observe
