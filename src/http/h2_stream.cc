#include "http/h2_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/h2_session.h"

namespace berth::http {
namespace {

/// Smaller pieces are copied: as slices each could hold a whole receive buffer.
constexpr std::size_t slice_bytes_min = 4096;

}  // namespace

void H2Stream::end_both_ways(std::optional<Error> why) {
  if (!failure_) failure_ = std::move(why);
  closed_ = true;
  arrived_.set();
  taken_.set();
}

void H2Stream::take(Bytes part) {
  unread_ += part.size();
  if (part.size() < slice_bytes_min) {
    in_small_ += part.view();
  } else {
    if (!in_small_.empty()) in_.push_back(Bytes::copy(std::exchange(in_small_, {})));
    in_.push_back(std::move(part));
  }
  arrived_.set();
}

void H2Stream::end_content() {
  remote_ended_ = true;
  arrived_.set();
}

Deferred<Bytes> H2Stream::read() {
  while (unread_ == 0) {
    if (lost_ || (closed_ && !remote_ended_)) {
      co_return failure_.value_or(Error(Code::reset, "the peer ended the stream within the body"));
    }
    if (remote_ended_) co_return Bytes();
    co_await content_comes();
  }
  Bytes part;
  if (in_.empty()) {
    part = Bytes::copy(in_small_);
    in_small_.clear();
  } else {
    part = std::move(in_.front());
    in_.pop_front();
  }
  unread_ -= part.size();
  if (!closed_) session_.consumed(*this, part.size());
  co_return part;
}

Deferred<void> H2Stream::content_comes() {
  arrived_.reset();
  return arrived_.wait();
}

std::size_t H2Stream::drop_unread() {
  in_.clear();
  in_small_.clear();
  lost_ = unread_ > 0;
  return std::exchange(unread_, 0);
}

std::vector<std::pair<std::string, std::string>> H2Stream::trailers() {
  return std::move(trailers_in);
}

void H2Stream::give(Bytes part, bool last) {
  taken_.reset();
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

Deferred<void> H2Stream::taken() { return closed_ ? ready() : taken_.wait(); }

H2Stream::Sent H2Stream::take_out(char* to, std::size_t bytes_max) {
  std::size_t bytes = std::min(out_.size(), bytes_max);
  if (bytes > 0) std::memcpy(to, out_.data(), bytes);
  out_.remove_prefix(bytes);
  if (!out_.empty()) return {bytes, false};
  out_ = Bytes();
  taken_.set();
  return {bytes, out_last_};
}

}  // namespace berth::http
