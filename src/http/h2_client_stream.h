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

/// One request on a client's HTTP/2 connection, and as a ResponseBody the content of its answer.
/// Destroying it resets what has not ended (CANCEL), and nothing else. Holds its connection.
///
///   made -> asked (waits for the peer's room) -> begun -> answered -> both ends -> closed
class H2ClientStream final : public H2Stream, public ResponseBody {
 public:
  explicit H2ClientStream(std::shared_ptr<H2ClientConnection> connection);
  ~H2ClientStream() override;

  /// Sends the head, and the body as the peer takes it. Once, and before all else.
  /// `first_byte`: how long the answer may take from when a body that goes beside it was sent;
  /// zero: as long as it likes.
  void ask(const H2Fields& head, Body body, Clock& clock, Duration first_byte);
  /// True while the peer has no room for one more stream; begun() waits for that, or for the end.
  bool waits() const { return waits_; }
  Deferred<void> begun();
  /// Requests that wait like this one.
  std::size_t waiting() const;
  /// The answer's head. Errors: refused (the peer has done nothing for the request), unavailable
  /// (it was not sent), reset, closed, io, invalid, overloaded, unsupported, timed_out: why the
  /// stream or its connection ended before.
  Deferred<ResponseHead> answer();

  Deferred<Bytes> read() override { return H2Stream::read(); }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return H2Stream::trailers();
  }
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream() override { return {}; }

  // What the connection tells.
  void field(std::string_view name, std::string_view value);
  /// A head is complete.
  void head_received();
  void sent();
  /// nghttp2 has closed it, or the connection is lost; `why` is of no account for who has all.
  void end(Error why);
  /// Something is wrong with it: it ends here, and is reset.
  void give_up(Error why);
  bool was_sent() const { return sent_; }
  bool answered() const { return answer_.has_value(); }

 private:
  friend class H2ClientConnection;
  Deferred<void> upload(Body body, Clock& clock, Duration first_byte);

  std::shared_ptr<H2ClientConnection> connection_;
  H2ResponseHeadBuilder head_;
  std::size_t informational_ = 0;
  std::size_t trailer_bytes_ = 0;
  bool sent_ = false;
  bool waits_ = false;
  std::optional<ResponseHead> answer_;
  std::optional<Error> fault_;  // what nghttp2 resets it for
  bool reset_by_peer_ = false;
  std::size_t place_ = 0;  // among the connection's streams
  Event begun_;
  bool uploaded_ = true;
  Deferred<void> uploading_;
};

}  // namespace berth::http::detail
