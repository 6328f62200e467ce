#pragma once

#include <deque>
#include <memory>
#include <string>

#include "async/clock.h"
#include "async/network.h"
#include "http/body_scanner.h"
#include "http/h1_parser.h"
#include "http/h2_client_stream.h"
#include "proxy/chunks.h"

namespace berth::proxy {

/// One request on a shared HTTP/2 connection to an instance, as a Session sees it: a connection
/// that takes the bytes of one HTTP/1.1 request and gives those of its answer. Content goes on as
/// it comes, pushed back both ways by the stream's windows; trailers stand in chunked bodies. The
/// Session owns it. Destroying it resets what has not ended (CANCEL). A WebSocket's upgrade is
/// asked for by an extended CONNECT (RFC 8441), where the instance takes such.
///
/// Errors of read: refused (REFUSED_STREAM, or beyond the peer's GOAWAY: nothing was done for it),
/// unavailable (it was not sent), closed (the instance said CANCEL), overloaded
/// (ENHANCE_YOUR_CALM), denied (INADEQUATE_SECURITY), reset, invalid.
class H2Upstream final : public ByteStream, http::detail::AnswerListener {
 public:
  static constexpr std::size_t waiting_bytes_max = 64 << 10;  // of the request's content

  H2Upstream(Clock& clock, std::unique_ptr<http::detail::H2ClientStream> stream);
  ~H2Upstream() override;

  Deferred<Bytes> read(std::size_t bytes_max) override;
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> shutdown_write() override { return tunnel_ ? tunnel_->shutdown_write() : ready(); }
  void close() override { abort(); }
  void abort() override;
  Address local_address() const override;
  Address peer_address() const override;
  bool broken() const override { return tunnel_ ? tunnel_->broken() : stream_->closed(); }
  std::string_view protocol() const override { return "h2"; }

 private:
  struct Content;  // of the request, what the stream has not taken yet
  class Source;

  void answered() override { changed_.ring(); }
  void ended() override { changed_.ring(); }
  Result<void> take_head(Bytes head);
  Result<void> take_content(Bytes part);
  void ask();
  Deferred<void> ask_for_tunnel();
  void append_tunnel_head(std::string& text);
  Deferred<Bytes> read_head();
  Bytes answer_head();
  Deferred<Bytes> read_content();
  Error why_ended() const;

  Clock& clock_;
  std::unique_ptr<http::detail::H2ClientStream> stream_;
  http::Bell changed_;

  // The request.
  Bytes early_;  // the head, as far as it has come
  http::HeadFinder finder_;
  http::RequestHead request_;
  http::BodyScanner scanner_;
  TrailerTap tap_;
  std::shared_ptr<Content> content_;
  bool has_head_ = false;
  bool asked_ = false;
  bool continue_due_ = false;  // the client waits for 100 Continue

  // The answer.
  bool head_given_ = false;
  bool chunked_ = false;
  bool over_ = false;
  std::unique_ptr<ByteStream> tunnel_;  // which has stream_ then
};

}  // namespace berth::proxy
