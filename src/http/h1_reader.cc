#include "http/h1_reader.h"

#include <utility>

namespace berth::http {

Result<Bytes> H1Reader::buffered_head() {
  // An empty line before a request is tolerated (RFC 9112 section 2.2).
  if (pending_.view().starts_with("\r\n")) {
    pending_.remove_prefix(2);
    finder_.reset();
  }
  std::size_t size = finder_.find(pending_.view());
  if (size > limits_.head_bytes_max || (size == 0 && pending_.size() > limits_.head_bytes_max)) {
    return Error(Code::overloaded,
                 "the head is longer than " + std::to_string(limits_.head_bytes_max) + " bytes");
  }
  if (size == 0) return Bytes();
  Bytes head = pending_.slice(0, size);
  pending_.remove_prefix(size);
  if (pending_.empty()) pending_ = Bytes();
  finder_.reset();
  return head;
}

Result<void> H1Reader::add(Bytes more) {
  if (more.empty()) {
    return pending_.empty() ? Error(Code::closed, "the peer ended the connection")
                            : Error(Code::reset, "the peer ended the connection within a head");
  }
  pending_is_copy_ = !pending_.empty();
  pending_ = joined(pending_, more);
  return {};
}

bool H1Reader::interrupt() {
  if (!reading_.pending()) return false;
  reading_.cancel();
  return true;
}

Deferred<bool> H1Reader::begins_with(std::string_view text) {
  for (;;) {
    if (!text.starts_with(pending_.view().substr(0, text.size()))) co_return false;
    if (pending_.size() >= text.size()) co_return true;
    reading_ = stream_->read();
    co_await or_return(add(co_await reading_.in_place()));
  }
}

std::optional<Result<RequestHead>> H1Reader::request_at_hand() {
  auto bytes = buffered_head();
  if (!bytes.ok()) return std::move(bytes).error();
  if (bytes->empty()) return std::nullopt;
  auto parsed = parse_request(std::move(*bytes), limits_);
  if (parsed.ok()) scanner_ = BodyScanner(parsed->framing);
  return parsed;
}

Deferred<Bytes>& H1Reader::more_of_head() {
  // While the rest is waited for, a piece would keep the whole buffer that it came in.
  if (!pending_.empty() && !std::exchange(pending_is_copy_, true)) {
    pending_ = Bytes::copy(pending_.view());
  }
  return reading_ = stream_->read();
}

Deferred<RequestHead> H1Reader::request() {
  for (;;) {
    if (auto head = request_at_hand()) co_return std::move(*head);
    co_await or_return(add(co_await more_of_head().in_place()));
  }
}

std::optional<Result<ResponseHead>> H1Reader::response_at_hand(std::string_view method) {
  auto bytes = buffered_head();
  if (!bytes.ok()) return std::move(bytes).error();
  if (bytes->empty()) return std::nullopt;
  auto parsed = parse_response(std::move(*bytes), method, limits_);
  if (parsed.ok()) scanner_ = BodyScanner(parsed->framing);
  return parsed;
}

Deferred<ResponseHead> H1Reader::response(std::string_view method) {
  std::string asked(method);
  for (;;) {
    if (auto head = response_at_hand(asked)) co_return std::move(*head);
    co_await or_return(add(co_await stream_->read()));
  }
}

Result<Bytes> H1Reader::scan_part() {
  // Chunks in one piece of input are answered one by one, so that none is copied.
  std::size_t begin = 0;
  std::size_t length = 0;
  auto note = [&](std::size_t at, std::size_t part) { begin = at, length = part; };
  std::size_t consumed = TRY(scanner_.scan_one(pending_.view(), note));
  Bytes part = pending_.slice(begin, length);
  pending_.remove_prefix(consumed);
  if (pending_.empty()) pending_ = Bytes();
  return part;
}

std::optional<Result<Bytes>> H1Reader::body_at_hand() {
  while (!scanner_.done()) {
    if (pending_.empty()) return std::nullopt;
    auto part = scan_part();
    if (!part.ok() || !part->empty()) return part;
  }
  return Bytes();
}

Deferred<Bytes> H1Reader::body() {
  if (auto part = body_at_hand()) return resolved<Bytes>(std::move(*part));
  return body_later();
}

Deferred<Bytes> H1Reader::body_later() {
  for (;;) {
    pending_ = co_await stream_->read(65536);
    if (pending_.empty()) {
      co_await or_return(scanner_.end());
      co_return Bytes();
    }
    if (auto part = body_at_hand()) co_return std::move(*part);
  }
}

Deferred<Bytes> H1Reader::raw_body() {
  if (scanner_.done()) co_return Bytes();
  if (pending_.empty()) {
    pending_ = co_await stream_->read(65536);
    if (pending_.empty()) {
      co_await or_return(scanner_.end());
      co_return Bytes();
    }
  }
  std::size_t consumed =
      co_await or_return(scanner_.scan(pending_.view(), [](std::size_t, std::size_t) {}));
  Bytes part = pending_.slice(0, consumed);
  pending_.remove_prefix(consumed);
  if (pending_.empty()) pending_ = Bytes();
  co_return part;
}

}  // namespace berth::http
