#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "async/sync.h"
#include "http/h1_writer.h"
#include "http/h2_limits.h"
#include "http/h2_stream.h"

namespace berth::http {

/// What an HTTP/2 client sends first (RFC 9113 section 3.4).
constexpr std::string_view h2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What both sides of an HTTP/2 connection have in common: nghttp2, which keeps the protocol's
/// state, its bytes in and out, and what streams ask of it. Derived classes own the loops that read
/// and write, and hear what nghttp2 finds in the bytes. Outlives its streams; one reactor.
class H2Session {
 public:
  enum class Side : std::uint8_t { server, client };

  H2Session(Side side, std::size_t acks_max, std::size_t continuations_max);
  H2Session(const H2Session&) = delete;
  virtual ~H2Session();

  // What streams ask for.
  /// `bytes` of the stream's content were read: as many more may come.
  virtual void consumed(H2Stream& stream, std::size_t bytes) = 0;
  /// The stream has something to send.
  void resume(H2Stream& stream);
  /// Where our half has ended, the rest of the peer's is not wanted (RFC 9113 section 8.1).
  void refuse_rest(const H2Stream& stream);
  /// Resets it with CANCEL, if it has not ended.
  void cut(const H2Stream& stream);

 protected:
  nghttp2_session* session() const { return session_.get(); }
  /// Hands bytes of the peer to nghttp2; false: it is of no more use.
  bool feed(Bytes part);
  /// What is to be sent next; empty: nothing now.
  Bytes next_output();
  /// Nothing more is to come or to go.
  bool finished() const;
  void reset(std::int32_t id, std::uint32_t code);
  H2Stream* stream_of(std::int32_t id) const;

  Event output_;           // nghttp2 may have something to send
  bool progress_ = false;  // bytes began a frame, or were content, since this was set to false

 private:
  friend struct H2Callbacks;
  // What nghttp2 finds. Streams are those that were set as its user data.
  virtual void frame_begins([[maybe_unused]] const nghttp2_frame_hd& head) {}
  virtual void head_begins([[maybe_unused]] const nghttp2_frame& frame) {}
  virtual void field(const nghttp2_frame& frame, H2Stream& stream, std::string_view name,
                     std::string_view value) = 0;
  virtual void frame_received(const nghttp2_frame& frame, H2Stream* stream) = 0;
  /// `why` is an error of nghttp2. What is wrong with a stream resets it, all else ends the
  /// connection.
  virtual void frame_refused(const nghttp2_frame& frame, int why) = 0;
  /// Content has come, and lies in the stream; null: nobody wants it.
  virtual void content_received(H2Stream* stream, std::size_t bytes) = 0;
  virtual void frame_sent([[maybe_unused]] const nghttp2_frame& frame,
                          [[maybe_unused]] H2Stream* stream) {}
  virtual void stream_closed(H2Stream& stream, std::uint32_t code) = 0;

  struct End {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  /// stream_of() for the fields of one head, within one feed().
  H2Stream* stream_of_head(std::int32_t id);

  Bytes input_;
  std::int32_t head_id_ = 0;
  H2Stream* head_stream_ = nullptr;
  std::optional<HeadBuffer> buffer_;
  std::unique_ptr<nghttp2_session, End> session_;
};

/// For calls that fail only if nghttp2 is used wrongly.
void must(int answered);

}  // namespace berth::http
