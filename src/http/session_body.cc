#include "http/session_body.h"

#include <algorithm>
#include <utility>

#include "base/units.h"

namespace berth::http::detail {

SessionBody::SessionBody(std::unique_ptr<ResponseBody> inner,
                         std::unique_ptr<ContentDecoder> decoder, Clock& clock,
                         MonotonicTime deadline, Duration limit, std::string what)
    : inner_(std::move(inner)),
      decoder_(std::move(decoder)),
      clock_(clock),
      deadline_(deadline),
      limit_(limit),
      what_(std::move(what)) {}

SessionBody::~SessionBody() {
  if (!inner_) return;
  ResponseBody& inner = *inner_;
  inner.let_go(std::move(inner_));
}

Deferred<Bytes> SessionBody::read() { return decoder_ ? read_decoded() : read_coded(); }

Deferred<Bytes> SessionBody::read_coded() {
  Deferred<Bytes> reading = inner_->read();
  if (limit_ > Duration::zero()) {
    Duration left = std::max(deadline_ - clock_.now(), Duration(1));
    reading = with_timeout(clock_, left, std::move(reading));
  }
  auto part = co_await std::move(reading).result();
  if (part.ok()) {
    bytes_ += part->size();
    co_return std::move(*part);
  }
  if (part.error().is(Code::cancelled)) co_return std::move(part).error();
  bool late = part.error().is(Code::timed_out);
  std::string why = late ? "was not complete within " + format_duration(limit_)
                         : "was cut: " + part.error().text();
  co_return Error(part.error().code(),
                  what_ + ": its content " + why + ", after " + std::to_string(bytes_) + " bytes");
}

Deferred<Bytes> SessionBody::read_decoded() {
  for (;;) {
    auto piece = decoder_->next();
    if (!piece.ok()) co_return std::move(piece).error().during(what_);
    if (!piece->empty() || ended_) co_return std::move(*piece);
    Bytes part = co_await read_coded();
    if (part.empty()) {
      ended_ = true;
      auto whole = decoder_->end();
      if (!whole.ok()) co_return std::move(whole).error().during(what_);
      co_return Bytes();
    }
    decoder_->feed(std::move(part));
  }
}

}  // namespace berth::http::detail
