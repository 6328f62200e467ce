#include "http/websocket.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/utf8.h"
#include "http/read_away.h"

namespace berth::http {
namespace {

constexpr double pings_at_once_max = 100;
constexpr int silences_max = 3;
constexpr std::size_t read_bytes = 64 << 10;
/// What is sent in one piece with its head, so that it is one buffer.
constexpr std::size_t joined_bytes_max = 4 << 10;

}  // namespace

/// That a receive() is under way, however it ends.
class WebSocket::Receiving {
 public:
  explicit Receiving(WebSocket& of) : of_(of) {
    check(!std::exchange(of_.receiving_, true), "one receive at a time");
  }
  Receiving(const Receiving&) = delete;
  ~Receiving() { of_.receiving_ = false; }

 private:
  WebSocket& of_;
};

WebSocket::WebSocket(Clock& clock, std::unique_ptr<ByteStream> stream, Bytes early,
                     WebSocketSide side, const std::optional<DeflateTerms>& terms,
                     const WebSocketOptions& options, Random* random)
    : clock_(clock),
      stream_(std::move(stream)),
      side_(side),
      options_(options),
      random_(random),
      decoder_(side, terms, options.limits),
      pings_(options.pings_per_second_max, pings_at_once_max) {
  decoder_.feed(std::move(early));
  if (!terms) return;
  bool server = side == WebSocketSide::server;
  deflater_ = std::make_unique<MessageDeflater>(
      server ? terms->server_keeps_context : terms->client_keeps_context,
      server ? terms->server_window_bits : terms->client_window_bits);
}
WebSocket::~WebSocket() = default;

Deferred<std::optional<WebSocketMessage>> WebSocket::receive() {
  Receiving receiving(*this);
  while (!ended_) {
    auto event = co_await next_event().result();
    if (!event.ok()) {
      if (!event.error().is(Code::cancelled)) end();
      co_return std::move(event).error();
    }
    if (event->opcode == WebSocketOpcode::text || event->opcode == WebSocketOpcode::binary) {
      co_return WebSocketMessage{std::move(event->payload), event->opcode == WebSocketOpcode::text};
    }
    if (co_await take_control(std::move(*event))) break;
  }
  if (close_code_ == close_code::abnormal) co_return Error(Code::closed, "the WebSocket is closed");
  co_return std::optional<WebSocketMessage>();
}

Deferred<WebSocketEvent> WebSocket::next_event() {
  for (;;) {
    auto event = decoder_.next();
    if (!event.ok()) {
      co_await fail(decoder_.fault_code(), std::string(event.error().message()));
      co_return std::move(event).error();
    }
    if (*event) co_return std::move(**event);
    Bytes more = co_await read_some();
    if (more.empty()) {
      co_return Error(Code::reset, "the peer ended the WebSocket without a closing handshake");
    }
    decoder_.feed(std::move(more));
  }
}

Deferred<Bytes> WebSocket::read_some() {
  for (int silences = 0;; ++silences) {
    auto part =
        co_await with_timeout(clock_, options_.ping_every, stream_->read(read_bytes)).result();
    if (part.ok() || !part.error().is(Code::timed_out)) co_return std::move(part);
    if (silences + 1 == silences_max) {
      co_return Error(Code::timed_out, "the peer of the WebSocket has fallen silent");
    }
    ping_due_ = true;
    wake_controls();
  }
}

Deferred<bool> WebSocket::take_control(WebSocketEvent event) {
  if (event.opcode == WebSocketOpcode::close) {
    close_code_ = event.close_code;
    close_reason_ = std::move(event.payload);
    auto echo = close_code_ == close_code::none_given ? close_code::normal : close_code_;
    std::ignore = co_await with_timeout(clock_, options_.close_timeout, finish(echo, {})).result();
    end();
    co_return true;
  }
  if (event.opcode == WebSocketOpcode::ping) {
    if (!pings_.take(clock_.now())) {
      co_await fail(close_code::policy, "too many pings");
      end();
      co_return Error(Code::overloaded, "the peer of the WebSocket pings too often");
    }
    pong_ = std::move(event.payload);
    wake_controls();
  }
  co_return false;
}

void WebSocket::wake_controls() {
  if (!std::exchange(controls_run_, true)) scope_.add(write_controls());
}

Deferred<void> WebSocket::write_controls() {
  while ((pong_ || ping_due_) && !close_sent_) {
    auto answer = std::exchange(pong_, std::nullopt);
    if (!answer) ping_due_ = false;
    auto opcode = answer ? WebSocketOpcode::pong : WebSocketOpcode::ping;
    auto written = co_await write_control(opcode, answer.value_or("")).result();
    if (!written.ok()) break;  // the next receive tells of it
  }
  controls_run_ = false;
}

Deferred<void> WebSocket::send(WebSocketMessage message) {
  if (message.text && !is_utf8(message.content)) {
    co_await fail_with(Error(Code::invalid, "a text message that is not UTF-8"));
  }
  auto turn = co_await writing_.acquire();
  if (close_sent_ || ended_) co_await fail_with(Error(Code::closed, "the WebSocket is closed"));
  bool compressed = deflater_ && message.content.size() >= options_.deflate_bytes_min &&
                    message.content.size() <= options_.deflate_bytes_max;
  if (compressed) message.content = deflater_->deflate(message.content);
  co_await write_frame(message.text ? WebSocketOpcode::text : WebSocketOpcode::binary,
                       Bytes::copy(message.content), compressed);
}

std::optional<WebSocketMask> WebSocket::mask() {
  if (side_ == WebSocketSide::server) return std::nullopt;
  WebSocketMask key;
  random_->secret_bytes(key.data(), key.size());
  return key;
}

Deferred<void> WebSocket::write_frame(WebSocketOpcode opcode, Bytes payload, bool compressed) {
  WebSocketFrameHead head{opcode, true, compressed, mask(), payload.size()};
  std::string text;
  append_websocket_head(text, head);
  if (!head.mask && payload.size() > joined_bytes_max) {
    BytesList pieces(Bytes::copy(text));
    pieces.add(std::move(payload));
    return stream_->write(std::move(pieces));
  }
  std::size_t begin = text.size();
  text += payload.view();
  if (head.mask) apply_websocket_mask(text.data() + begin, payload.size(), *head.mask, 0);
  return stream_->write(Bytes::copy(text));
}

Deferred<void> WebSocket::write_control(WebSocketOpcode opcode, std::string payload) {
  auto turn = co_await writing_.acquire();
  if (close_sent_) co_return;
  if (opcode == WebSocketOpcode::close) close_sent_ = true;
  co_await write_frame(opcode, Bytes::copy(payload), false);
}

Deferred<void> WebSocket::write_close(std::uint16_t code, std::string reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
  reason.resize(std::min(reason.size(), websocket_control_bytes_max - payload.size()));
  while (!is_utf8(reason)) reason.pop_back();
  return write_control(WebSocketOpcode::close, payload + reason);
}

/// Ends our half. The server closes at once, the client waits for that (section 7.1.1).
Deferred<void> WebSocket::finish(std::uint16_t code, std::string reason) {
  co_await write_close(code, std::move(reason));
  if (side_ == WebSocketSide::server) {
    co_await stream_->shutdown_write();
  } else {
    co_await read_away(*stream_);
  }
}

/// Takes what the peer still sends, so that the reason is not lost in a reset.
Deferred<void> WebSocket::tell(std::uint16_t code, std::string reason) {
  co_await write_close(code, std::move(reason));
  co_await read_away(*stream_);
}

Deferred<void> WebSocket::fail(std::uint16_t code, std::string reason) {
  std::ignore =
      co_await with_timeout(clock_, options_.close_timeout, tell(code, std::move(reason))).result();
}

Deferred<void> WebSocket::shake_hands(std::uint16_t code, std::string reason) {
  co_await write_close(code, std::move(reason));
  if (receiving_) {
    co_await end_.wait();
    co_return;
  }
  while (co_await receive()) {
  }
}

Deferred<void> WebSocket::close(std::uint16_t code, std::string reason) {
  if (!ended_) {
    std::ignore =
        co_await with_timeout(clock_, options_.close_timeout, shake_hands(code, std::move(reason)))
            .result();
  }
  end();
}

void WebSocket::end() {
  if (std::exchange(ended_, true)) return;
  stream_->close();
  end_.set();
}

}  // namespace berth::http
