#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "async/clock.h"
#include "async/network.h"
#include "http/h2_server_stream.h"
#include "http/h2_session.h"
#include "http/rate_limit.h"
#include "http/server_message.h"
#include "http/server_options.h"
#include "http/server_shared.h"

namespace berth::http {

/// A server's side of one HTTP/2 connection: the requests, both flow controls, and the limits. One
/// coroutine reads, one writes, one answers each request. Nothing is taken from a handler before
/// the connection and the peer's window have room for it, and nothing is acknowledged to the peer
/// before a handler has read it. Owned by the Server's coroutine for this connection, as are the
/// things it refers to; one reactor.
class H2Conversation final : public H2Session {
 public:
  H2Conversation(Clock& clock, ByteStream& stream, const Handler& handler,
                 const ServerOptions& options, ServerShared& shared);

  /// Answers requests until the connection ends; `early` was read already. Cancelled, it says
  /// GOAWAY, lets what was answered arrive, within `goodbye_timeout`, and waits for the handlers.
  /// Faults of the peer and of the network end it without an error: nobody is to be told.
  Deferred<void> run(Bytes early);
  /// Says GOAWAY; after `notice`, in which the peer hears of it, it takes no new streams and ends
  /// once those that are there have (RFC 9113 section 6.8).
  Deferred<void> go_away(Duration notice);

  // What streams ask for.
  void consumed(H2Stream& stream, std::size_t bytes) override;
  void ask_for_content(H2ServerStream& stream);
  void ended(H2ServerStream& stream);
  Clock& clock() { return clock_; }
  /// The least rate of one stream's content, its share of the connection's; 0: wait for as long as
  /// it takes, as where others have used up the window.
  std::uint64_t receive_rate() const;
  /// The same for its answer.
  std::uint64_t send_rate() const;

 private:
  void frame_begins(const nghttp2_frame_hd& head) override;
  void head_begins(const nghttp2_frame& frame) override;
  void field(const nghttp2_frame& frame, H2Stream& stream, std::string_view name,
             std::string_view value) override;
  void frame_received(const nghttp2_frame& frame, H2Stream* stream) override;
  void frame_refused(const nghttp2_frame& frame, int why) override;
  void content_received(H2Stream* stream, std::size_t bytes) override;
  void frame_sent(const nghttp2_frame& frame, H2Stream* stream) override;
  void stream_closed(H2Stream& stream, std::uint32_t code) override;

  Deferred<void> read_all(Bytes early);
  Deferred<void> write_all();
  /// The connection broke: what goes on over tunnels is told, and waited for; handlers are
  /// cancelled.
  Deferred<void> lose_tunnels();
  Deferred<void> say_goodbye(Deferred<void> writing);
  /// False: nghttp2 is of no more use.
  bool receive(Bytes part);
  /// Nothing has come for `idle_timeout`; false: the connection is to end.
  bool outlast_silence();
  void count_reset();
  void count_control();
  /// Ends the connection of one who does too much.
  void calm_down();

  H2ServerStream* open(std::int32_t id);
  void answer(H2ServerStream& stream);
  Deferred<void> answer_with(H2ServerStream& stream, Result<RequestHead> head);
  Deferred<void> go_on(H2ServerStream& stream, ServerResponse response);
  void submit(H2ServerStream& stream, const ServerResponse& response, bool with_content);
  void drop(H2ServerStream& stream);

  Clock& clock_;
  ByteStream& stream_;
  const Handler& handler_;
  const ServerOptions& options_;
  ServerShared& shared_;
  std::uint64_t requests_ = 0;
  RateLimit resets_;
  RateLimit controls_;
  std::optional<MonotonicTime> no_frame_;  // since when bytes come that are neither
  bool asked_alive_ = false;
  bool ending_ = false;
  bool peer_gone_ = false;
  bool too_much_ = false;
  bool broken_ = false;  // nghttp2 takes no more bytes
  bool gone_ = false;    // streams need not wait for nghttp2 to close them
  using Streams = std::unordered_map<
      std::int32_t, std::unique_ptr<H2ServerStream>, std::hash<std::int32_t>, std::equal_to<>,
      FrameAllocator<std::pair<const std::int32_t, std::unique_ptr<H2ServerStream>>>>;
  Streams streams_;
  Event over_;     // it has nothing to send or take any more, or the connection broke
  Event changed_;  // a stream is gone
};

}  // namespace berth::http
