#include "http/response.h"

#include <utility>

namespace berth::http {

Response::Response(ResponseHead head, std::unique_ptr<ResponseBody> body)
    : inside_(new Inside{std::move(head), std::move(body), {}}) {}
Response::Response(Response&&) noexcept = default;

Response& Response::operator=(Response&& other) noexcept {
  std::swap(inside_, other.inside_);
  return *this;
}

Response::~Response() {
  if (!inside_ || !inside_->body) return;
  ResponseBody& body = *inside_->body;
  body.let_go(std::move(inside_->body));
}

Deferred<Bytes> Response::read() { return inside_->body->read(); }

namespace {

/// True at the end of the content.
Result<bool> add_part(std::string& all, const Bytes& part, std::size_t bytes_max) {
  if (all.size() + part.size() > bytes_max) {
    return Error(Code::overloaded,
                 "the answer is longer than " + std::to_string(bytes_max) + " bytes");
  }
  all += part.view();
  return part.empty();
}

Deferred<std::string> read_rest(ResponseBody& body, std::string all, std::size_t bytes_max) {
  for (;;) {
    Bytes part = co_await body.read();
    bool whole = co_await or_return(add_part(all, part, bytes_max));
    if (whole) co_return all;
  }
}

}  // namespace

Deferred<std::string> Response::text(std::size_t bytes_max) {
  std::string all;
  ResponseBody& body = *inside_->body;
  while (auto part = body.at_hand()) {
    if (!part->ok()) return failed<std::string>(std::move(*part).error());
    auto whole = add_part(all, **part, bytes_max);
    if (!whole.ok()) return failed<std::string>(std::move(whole).error());
    if (*whole) return ready(std::move(all));
  }
  return read_rest(body, std::move(all), bytes_max);
}

Deferred<Json> Response::json(std::size_t bytes_max) {
  std::string all = co_await text(bytes_max);
  JsonLimits limits;
  limits.text_bytes_max = bytes_max;
  co_return Json::parse(all, limits);
}

std::pair<std::unique_ptr<ByteStream>, Bytes> Response::take_stream() {
  ResponseBody& body = *inside_->body;
  return body.take_stream(std::move(inside_->body));
}

Deferred<void> read_away(Response& response, std::size_t bytes_max) {
  for (std::size_t bytes = 0; bytes <= bytes_max;) {
    auto part = co_await response.read().result();
    if (!part.ok() || part->empty()) co_return;
    bytes += part->size();
  }
}

}  // namespace berth::http
