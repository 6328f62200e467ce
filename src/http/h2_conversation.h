#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "async/clock.h"
#include "async/network.h"
#include "http/h2_stream.h"
#include "http/rate_limit.h"
#include "http/server_message.h"
#include "http/server_options.h"
#include "http/server_shared.h"

struct nghttp2_session;

namespace berth::http {

/// What an HTTP/2 client sends first (RFC 9113 section 3.4).
constexpr std::string_view h2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A server's side of one HTTP/2 connection, by nghttp2, which keeps the protocol's state; here are
/// the requests, both flow controls, and the limits. One coroutine reads, one writes, one answers
/// each request. Nothing is taken from a handler before the connection and the peer's window have
/// room for it, and nothing is acknowledged to the peer before a handler has read it. Owned by the
/// Server's coroutine for this connection, as are the things it refers to; one reactor.
class H2Conversation {
 public:
  H2Conversation(Clock& clock, ByteStream& stream, const Handler& handler,
                 const ServerOptions& options, ServerShared& shared);
  H2Conversation(const H2Conversation&) = delete;
  ~H2Conversation();

  /// Answers requests until the connection ends; `early` was read already. Cancelled, it says
  /// GOAWAY, lets what was answered arrive, within `goodbye_timeout`, and waits for the handlers.
  /// Faults of the peer and of the network end it without an error: nobody is to be told.
  Deferred<void> run(Bytes early);

  // What streams ask for.
  void consumed(H2Stream& stream, std::size_t bytes);
  void resume(H2Stream& stream);
  void ask_for_content(H2Stream& stream);
  void ended(H2Stream& stream);
  Clock& clock() { return clock_; }
  /// The least rate of one stream's content, its share of the connection's; 0: wait for as long as
  /// it takes, as where others have used up the window.
  std::uint64_t receive_rate() const;
  /// The same for its answer.
  std::uint64_t send_rate() const;

 private:
  friend struct H2Callbacks;
  Deferred<void> read_all(Bytes early);
  Deferred<void> write_all();
  Deferred<void> say_goodbye(Deferred<void> writing);
  /// False: nghttp2 is of no more use.
  bool receive(Bytes part);
  Bytes next_output();
  /// Nothing has come for `idle_timeout`; false: the connection is to end.
  bool outlast_silence();
  void count_reset();
  void count_control();
  /// Ends the connection of one who does too much.
  void calm_down();

  H2Stream* open(std::int32_t id);
  void answer(H2Stream& stream);
  Deferred<void> answer_with(H2Stream& stream, Result<RequestHead> head);
  void submit(H2Stream& stream, const ServerResponse& response, bool with_content);
  void reset(std::int32_t id, std::uint32_t code);
  void closed(H2Stream& stream);
  void drop(H2Stream& stream);

  struct End {
    void operator()(nghttp2_session* session) const;
  };

  Clock& clock_;
  ByteStream& stream_;
  const Handler& handler_;
  const ServerOptions& options_;
  ServerShared& shared_;
  std::uint64_t requests_ = 0;
  RateLimit resets_;
  RateLimit controls_;
  bool progress_ = false;                  // the present bytes began a frame, or were content
  std::optional<MonotonicTime> no_frame_;  // since when bytes come that are neither
  bool asked_alive_ = false;
  bool ending_ = false;
  bool peer_gone_ = false;
  bool too_much_ = false;
  bool broken_ = false;  // nghttp2 takes no more bytes
  bool gone_ = false;    // streams need not wait for nghttp2 to close them
  Bytes input_;
  std::unordered_map<std::int32_t, std::unique_ptr<H2Stream>> streams_;
  std::unique_ptr<nghttp2_session, End> session_;
  Event output_;   // nghttp2 may have something to send
  Event over_;     // it has nothing to send or take any more, or the connection broke
  Event changed_;  // a stream is gone
};

}  // namespace berth::http
