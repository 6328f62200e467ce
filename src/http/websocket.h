#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/clock.h"
#include "async/network.h"
#include "async/random.h"
#include "async/scope.h"
#include "async/sync.h"
#include "http/client.h"
#include "http/rate_limit.h"
#include "http/server.h"
#include "http/websocket_decoder.h"

namespace berth::http {

struct WebSocketOptions {
  WebSocketLimits limits;               // of what is received
  std::vector<std::string> protocols;   // a server's: in its order of preference; a client's: asked
  bool deflate = true;                  // permessage-deflate, if the peer takes it too
  bool keep_context = false;            // 300 KiB a connection for smaller messages
  std::size_t deflate_bytes_min = 512;  // messages that are shorter or longer are sent as they
  std::size_t deflate_bytes_max = 64 << 10;  // are: compressing holds up the reactor
  double pings_per_second_max = 10;  // in the long run, 100 at once; beyond: closed with 1008
  Duration ping_every = 20s;         // of silence; after three times that: timed_out
  Duration close_timeout = 2s;       // for the closing handshake
  bool same_origin = true;           // a server's: a page of another host is answered 403
  /// A client's: http_2 asks for a stream of its connection of HTTP/2 (RFC 8441), and fails with
  /// unsupported where the server takes none; negotiated does so where TLS agrees upon HTTP/2, and
  /// falls back to a connection of HTTP/1.1.
  Version version = Version::http_1_1;
};

struct WebSocketMessage {
  std::string content;
  bool text = true;  // else binary
};

/// One side of a WebSocket (RFC 6455): messages both ways, with back-pressure both ways. Answers
/// pings and keeps the connection alive while a receive() is under way; what is not received stays
/// with the peer. receive() and send() may be called while the other is under way, several sends go
/// in order, one receive at a time. Belongs to one reactor; destroying it cuts the connection, so
/// close() it before. Limits: WebSocketOptions.
class WebSocket {
 public:
  /// On a stream after its handshake, of which `early` has been read already. A client gives
  /// `random` for its masks.
  WebSocket(Clock& clock, std::unique_ptr<ByteStream> stream, Bytes early, WebSocketSide side,
            const std::optional<DeflateTerms>& terms, const WebSocketOptions& options,
            Random* random);
  ~WebSocket();

  /// The next message; nothing once the peer has closed properly, see close_code(). Errors: invalid
  /// and overloaded (the peer broke the protocol or a limit, and was told by the code), reset (no
  /// closing handshake), timed_out, closed. Cancelling loses nothing.
  Deferred<std::optional<WebSocketMessage>> receive();
  /// Resolves when the kernel has taken it. Errors of ByteStream::write; closed after either side
  /// has closed; invalid for text that is not UTF-8.
  Deferred<void> send(WebSocketMessage message);
  /// The closing handshake, bounded by `close_timeout`; messages that come meanwhile are for the
  /// receive() that is under way, or dropped. Never fails; the connection is closed afterwards.
  Deferred<void> close(std::uint16_t code = close_code::normal, std::string reason = {});

  /// Of the peer's close frame; `abnormal` while there was none.
  std::uint16_t close_code() const { return close_code_; }
  const std::string& close_reason() const { return close_reason_; }
  /// Which of the offered protocols was taken; empty: none.
  const std::string& protocol() const { return protocol_; }
  void set_protocol(std::string protocol) { protocol_ = std::move(protocol); }
  bool compresses() const { return deflater_ != nullptr; }

 private:
  class Receiving;

  Deferred<Bytes> read_some();
  Deferred<WebSocketEvent> next_event();
  /// A control frame; true: it was the peer's close, and the handshake is done.
  Deferred<bool> take_control(WebSocketEvent event);
  Deferred<void> write_frame(WebSocketOpcode opcode, Bytes payload, bool compressed);
  Deferred<void> write_control(WebSocketOpcode opcode, std::string payload);
  Deferred<void> write_close(std::uint16_t code, std::string reason);
  /// Answers the last ping, and sends one that is due; in the background, one at a time.
  void wake_controls();
  Deferred<void> write_controls();
  /// Fails the connection (section 7.1.7): tells the peer why, as long as it listens.
  Deferred<void> fail(std::uint16_t code, std::string reason);
  Deferred<void> tell(std::uint16_t code, std::string reason);
  Deferred<void> finish(std::uint16_t code, std::string reason);
  Deferred<void> shake_hands(std::uint16_t code, std::string reason);
  void end();
  std::optional<WebSocketMask> mask();

  Clock& clock_;
  std::unique_ptr<ByteStream> stream_;
  WebSocketSide side_;
  WebSocketOptions options_;
  Random* random_;
  WebSocketDecoder decoder_;
  std::unique_ptr<MessageDeflater> deflater_;
  std::string protocol_;

  Lock writing_;
  RateLimit pings_;
  std::optional<std::string> pong_;
  bool ping_due_ = false;
  bool controls_run_ = false;
  bool receiving_ = false;
  bool close_sent_ = false;
  bool ended_ = false;
  Event end_;
  std::uint16_t close_code_ = close_code::abnormal;
  std::string close_reason_;
  Scope scope_;
};

/// What a server does with one WebSocket. When it ends well the WebSocket is closed with 1000, when
/// it is cancelled (the server stops) with 1001, when it fails with 1011.
using WebSocketTalk = std::move_only_function<Deferred<void>(WebSocket&)>;

/// The answer to a request that asks for a WebSocket (section 4.2), by either version of HTTP: 101,
/// by HTTP/2 200, after which the server runs `talk`; 400, 403 or 426 if it may not. `clock`, and
/// what `talk` refers to, outlive it.
ServerResponse accept_websocket(const ServerRequest& request, Clock& clock, WebSocketTalk talk,
                                const WebSocketOptions& options = {});

/// Opens one to "ws://host:port/path", or "wss:" with a client that has TLS (section 4.1), within
/// the client's time for an answer. Errors: those of Client::send;
/// refused for an answer other than 101; invalid for an answer that breaks the protocol.
Deferred<std::unique_ptr<WebSocket>> open_websocket(Client& client, Clock& clock, Random& random,
                                                    std::string url, WebSocketOptions options = {});

}  // namespace berth::http
