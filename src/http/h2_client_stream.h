#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/clock.h"
#include "http/client.h"
#include "http/h2_fields.h"
#include "http/h2_head.h"
#include "http/h2_stream.h"
#include "http/response.h"

namespace berth::http::detail {

class H2ClientConnection;

/// Who waits for an answer's head. Told within nghttp2's callbacks: it lets go of nothing there.
class AnswerListener {
 public:
  virtual void answered() = 0;
  virtual void ended() = 0;

 protected:
  ~AnswerListener() = default;
};

/// One request on a client's HTTP/2 connection, and as a ResponseBody the content of its answer.
/// Destroying it resets what has not ended (CANCEL), and nothing else. Holds its connection.
///
///   made -> asked (waits for the peer's room) -> begun -> answered -> both ends -> closed
class H2ClientStream final : public H2Stream, public ResponseBody {
 public:
  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }

  explicit H2ClientStream(std::shared_ptr<H2ClientConnection> connection);
  ~H2ClientStream() override;

  /// Sends the head, and the body as the peer takes it. Once, and before all else. Of a tunnel our
  /// half stays open.
  /// `first_byte`: how long the answer may take from when a body that goes beside it was sent;
  /// zero: as long as it likes.
  void ask(const H2Fields& head, Body body, Clock& clock, Duration first_byte);
  /// True while the peer has no room for one more stream; begun() waits for that, or for the end.
  bool waits() const { return waits_; }
  Deferred<void> begun();
  /// Requests that wait like this one.
  std::size_t waiting() const;
  /// Whether the peer takes tunnels (RFC 8441 section 3), as soon as it has told.
  Deferred<bool> tunnels_allowed();
  H2ClientConnection& connection() const { return *connection_; }
  /// Who is to be told that the answer's head is there, or the end; or null.
  void set_listener(AnswerListener* listener) { listener_ = listener; }
  bool answered() const { return answer_.has_value(); }
  /// Once.
  ResponseHead take_answer() { return std::move(*answer_); }
  /// Why the stream or its connection ended before: refused (the peer has done nothing for the
  /// request), unavailable (it was not sent), reset, closed, io, invalid, overloaded, unsupported,
  /// timed_out.
  Error why_ended() const;
  /// The code of RFC 9113 section 7 that it was closed with; 0 while it is open, and at a good end.
  std::uint32_t reset_code() const { return reset_code_; }

  Deferred<Bytes> read() override { return H2Stream::read(); }
  std::optional<Result<Bytes>> at_hand() override { return next_part(); }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return H2Stream::trailers();
  }
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream(
      std::unique_ptr<ResponseBody> self) override;

  // What the connection tells.
  /// Of the trailers.
  void field(std::string_view name, std::string_view value);
  /// The fields of a head are complete; `head` has them.
  void head_received(H2ResponseHeadBuilder& head);
  void sent();
  /// nghttp2 has closed it, or the connection is lost; `why` is of no account for who has all.
  void end(std::optional<Error> why);
  /// Something is wrong with it: it ends here, and is reset.
  void give_up(Error why);
  bool was_sent() const { return sent_; }

 private:
  friend class H2ClientConnection;
  Deferred<void> upload(Body body, Clock& clock, Duration first_byte);

  std::shared_ptr<H2ClientConnection> connection_;
  std::size_t informational_ = 0;
  std::size_t trailer_bytes_ = 0;
  bool sent_ = false;
  bool waits_ = false;
  std::optional<ResponseHead> answer_;
  std::optional<Error> fault_;  // what nghttp2 resets it for
  bool reset_by_peer_ = false;
  std::uint32_t reset_code_ = 0;
  std::size_t place_ = 0;  // among the connection's streams
  AnswerListener* listener_ = nullptr;
  Bell begun_;
  bool uploaded_ = true;
  Deferred<void> uploading_;
};

}  // namespace berth::http::detail
