#pragma once

#include <memory>
#include <string>

#include "async/clock.h"
#include "http/content_decoder.h"
#include "http/response.h"

namespace berth::http::detail {

/// The content of an answer within a time limit, decoded: for a Session.
class SessionBody final : public ResponseBody {
 public:
  /// `decoder` may be null; `limit` is zero for none, `deadline` when it is over.
  SessionBody(std::unique_ptr<ResponseBody> inner, std::unique_ptr<ContentDecoder> decoder,
              Clock& clock, MonotonicTime deadline, Duration limit, std::string what);
  ~SessionBody() override;

  Deferred<Bytes> read() override;
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_stream(
      std::unique_ptr<ResponseBody>) override {
    ResponseBody& inner = *inner_;
    return inner.take_stream(std::move(inner_));
  }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return inner_->trailers();
  }

 private:
  Deferred<Bytes> read_decoded();
  Deferred<Bytes> read_coded();

  std::unique_ptr<ResponseBody> inner_;
  std::unique_ptr<ContentDecoder> decoder_;
  Clock& clock_;
  MonotonicTime deadline_;
  Duration limit_;
  std::string what_;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
};

}  // namespace berth::http::detail
