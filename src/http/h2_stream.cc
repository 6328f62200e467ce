#include "http/h2_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/h2_session.h"
#include "http/pooled_bytes.h"

namespace berth::http {
namespace {

/// Smaller pieces are copied: as slices each could hold a whole receive buffer.
constexpr std::size_t slice_bytes_min = 4096;

}  // namespace

void H2Stream::end_both_ways(std::optional<Error> why) {
  if (!failure_) failure_ = std::move(why);
  closed_ = true;
  arrived_.ring();
  taken_.ring();
}

void H2Stream::take(Bytes part) {
  unread_ += part.size();
  bool small = part.size() < slice_bytes_min;
  if (unread_ == part.size()) {
    in_first_ = small ? pooled_copy(part.view()) : std::move(part);
  } else if (small) {
    in_small_ += part.view();
  } else {
    if (!in_small_.empty()) in_.push_back(Bytes::copy(std::exchange(in_small_, {})));
    in_.push_back(std::move(part));
  }
  arrived_.ring();
}

void H2Stream::end_content() {
  remote_ended_ = true;
  arrived_.ring();
}

std::optional<Result<Bytes>> H2Stream::next_part() {
  if (unread_ == 0) {
    if (lost_ || (closed_ && !remote_ended_)) {
      return failure_.value_or(Error(Code::reset, "the peer ended the stream within the body"));
    }
    if (!remote_ended_) return std::nullopt;
    return Bytes();
  }
  Bytes part = take_unread();
  unread_ -= part.size();
  if (!closed_) session_.consumed(*this, part.size());
  return part;
}

Bytes H2Stream::take_unread() {
  if (!in_first_.empty()) return std::exchange(in_first_, Bytes());
  if (in_.empty()) return Bytes::copy(std::exchange(in_small_, {}));
  Bytes part = std::move(in_[in_next_]);
  if (++in_next_ == in_.size()) {
    in_.clear();
    in_next_ = 0;
  }
  return part;
}

Deferred<Bytes> H2Stream::read() {
  if (auto part = next_part()) return resolved<Bytes>(std::move(*part));
  return read_later();
}

Deferred<Bytes> H2Stream::read_later() {
  for (;;) {
    co_await content_comes();
    if (auto part = next_part()) co_return std::move(*part);
  }
}

Deferred<void> H2Stream::content_comes() { return arrived_.wait(); }

std::size_t H2Stream::drop_unread() {
  in_first_ = Bytes();
  in_.clear();
  in_next_ = 0;
  in_small_.clear();
  lost_ = unread_ > 0;
  return std::exchange(unread_, 0);
}

std::vector<std::pair<std::string, std::string>> H2Stream::trailers() {
  return std::move(trailers_in);
}

void H2Stream::give(Bytes part, bool last) {
  was_taken_ = false;
  out_ = std::move(part);
  out_last_ = last;
}

Deferred<void> H2Stream::send(BodySource& source) {
  while (!closed_) {
    Bytes part = co_await source.read();
    bool last = part.empty();
    if (last) trailers_out = source.trailers();
    if (closed_) co_return;
    give(std::move(part), last);
    session_.resume(*this);
    if (last) co_return;
    co_await taken();
  }
}

Deferred<void> H2Stream::taken() { return accepted(); }

void H2Stream::offer(Bytes part) {
  give(std::move(part), false);
  session_.resume(*this);
}

void H2Stream::offer_end() {
  out_last_ = true;
  session_.resume(*this);
}

void H2Stream::let_end() {
  half_open_ = false;
  arrived_.ring();
  taken_.ring();
  session_.refuse_rest(*this);
}

void H2Stream::cut() {
  half_open_ = false;
  arrived_.ring();
  taken_.ring();
  session_.cut(*this);
}

H2Stream::Sent H2Stream::take_out(char* to, std::size_t bytes_max) {
  std::size_t bytes = std::min(out_.size(), bytes_max);
  if (bytes > 0) std::memcpy(to, out_.data(), bytes);
  out_.remove_prefix(bytes);
  if (!out_.empty()) return {bytes, false};
  out_ = Bytes();
  was_taken_ = true;
  taken_.ring();
  return {bytes, out_last_};
}

}  // namespace berth::http
