#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/clock.h"
#include "async/network.h"
#include "async/scope.h"
#include "http/client_pool.h"
#include "http/h2_fields.h"
#include "http/h2_head.h"
#include "http/h2_session.h"

namespace berth::http::detail {

class H2ClientStream;

/// A client's side of one HTTP/2 connection, which carries many requests. Held by the pool's lane
/// while it takes new ones, and by its streams; with the last holder it goes, with a GOAWAY if that
/// is taken at once. One coroutine reads, one writes. What an unread answer holds is bounded by its
/// own window only, so that it holds up no other.
///
///   usable -> the peer says GOAWAY: streams that it has not begun are refused, others end -> lost
///      | the connection ends, breaks, or answers no PING: every stream fails ---------------^
class H2ClientConnection final : public H2Session,
                                 public std::enable_shared_from_this<H2ClientConnection>,
                                 Timer {
 public:
  H2ClientConnection(Clock& clock, std::unique_ptr<ByteStream> stream, HeadLimits head,
                     const H2ClientLimits& limits);
  ~H2ClientConnection() override;

  /// Takes further requests.
  bool usable() const { return !going_ && !deaf_ && !lost_; }
  /// One more request would not wait, as far as the peer has told.
  bool has_room() const;
  /// A place for one more request; only if usable.
  std::unique_ptr<H2ClientStream> open();
  /// Requests that the peer has no room for yet.
  std::size_t waiting() const { return waiting_; }
  const H2ClientLimits& limits() const { return limits_; }
  const HeadLimits& head_limits() const { return head_limits_; }
  ByteStream& stream() { return *stream_; }
  /// What the peer's first SETTINGS say of tunnels, once they are there (RFC 8441 section 3); false
  /// where the connection ends before.
  Deferred<bool> tunnels_allowed();

  // What streams ask for.
  void submit(H2ClientStream& stream, const H2Fields& head, bool with_content);
  void consumed(H2Stream& stream, std::size_t bytes) override;
  /// Ends it on the wire, if it has not ended.
  void cancel(H2ClientStream& stream);
  /// The stream goes.
  void leave(H2ClientStream& stream);

  // For the pool.
  std::optional<Ticket> ticket;  // while a stream is open
  MonotonicTime idle_since{};
  std::string authority;  // of requests that do not tell one
  H2Fields fields;        // where each request's head is put together, one after the other

 private:
  void head_begins(const nghttp2_frame& frame) override;
  void field(const nghttp2_frame& frame, H2Stream& stream, std::string_view name,
             std::string_view value) override;
  void frame_received(const nghttp2_frame& frame, H2Stream* stream) override;
  void frame_refused(const nghttp2_frame& frame, int why) override;
  void content_received(H2Stream* stream, std::size_t bytes) override;
  void frame_sent(const nghttp2_frame& frame, H2Stream* stream) override;
  void stream_closed(H2Stream& stream, std::uint32_t code) override;
  void fire() override;

  Deferred<void> read_all();
  Deferred<void> write_all();
  void hear_goodbye(const nghttp2_goaway& frame);
  /// Those that were not sent yet may be sent elsewhere.
  void refuse_unsent(const std::string& why);
  /// Nothing comes any more: every stream fails with `why`, or is refused if it was not begun.
  void lost(Error why);
  /// Why it ended, where there is a better reason than `why`.
  Error reason(Error why) const;

  Clock& clock_;
  std::unique_ptr<ByteStream> stream_;
  const HeadLimits head_limits_;
  const H2ClientLimits limits_;
  H2ResponseHeadBuilder head_;  // the one that comes
  std::vector<H2ClientStream*> streams_;
  std::size_t waiting_ = 0;
  MonotonicTime heard_{};
  bool asked_alive_ = false;
  bool writing_ = false;        // a write is under way
  bool going_ = false;          // the peer has said GOAWAY
  bool deaf_ = false;           // the peer takes nothing more
  bool lost_ = false;           // nothing comes or goes any more
  Event settled_;               // the peer's first SETTINGS are there, or it is lost
  std::string farewell_;        // of the peer's GOAWAY, if it tells of a fault
  std::optional<Error> fault_;  // how the peer broke the protocol
  Scope scope_;                 // last: what it runs uses everything above
};

}  // namespace berth::http::detail
