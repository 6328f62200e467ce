#include "http/response.h"

#include <utility>

namespace berth::http {

Response::Response(ResponseHead head, std::unique_ptr<ResponseBody> body)
    : head_(std::move(head)), body_(std::move(body)) {}
Response::Response(Response&&) noexcept = default;

Response& Response::operator=(Response&& other) noexcept {
  std::swap(head_, other.head_);
  std::swap(body_, other.body_);
  std::swap(url_, other.url_);
  return *this;
}

Response::~Response() {
  if (!body_) return;
  ResponseBody& body = *body_;
  body.let_go(std::move(body_));
}

Deferred<Bytes> Response::read() { return body_->read(); }

Deferred<std::string> Response::text(std::size_t bytes_max) {
  std::string all;
  for (;;) {
    Bytes part = co_await body_->read();
    if (part.empty()) co_return all;
    if (all.size() + part.size() > bytes_max) {
      co_return Error(Code::overloaded,
                      "the answer is longer than " + std::to_string(bytes_max) + " bytes");
    }
    all += part.view();
  }
}

Deferred<Json> Response::json(std::size_t bytes_max) {
  std::string all = co_await text(bytes_max);
  JsonLimits limits;
  limits.text_bytes_max = bytes_max;
  co_return Json::parse(all, limits);
}

std::pair<std::unique_ptr<ByteStream>, Bytes> Response::take_stream() {
  return body_->take_stream();
}

Deferred<void> read_away(Response& response, std::size_t bytes_max) {
  for (std::size_t bytes = 0; bytes <= bytes_max;) {
    auto part = co_await response.read().result();
    if (!part.ok() || part->empty()) co_return;
    bytes += part->size();
  }
}

}  // namespace berth::http
