#include "http/h2_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/h2_conversation.h"

namespace berth::http {
namespace {

/// Smaller pieces are copied: as slices each could hold a whole receive buffer.
constexpr std::size_t slice_bytes_min = 4096;
/// Where there is no least rate at present.
constexpr Duration look_again = 10s;

}  // namespace

void H2Stream::begin(Deferred<void> work) {
  work_ = std::move(work);
  work_.wait(*this);
  if (closed_) work_.cancel();
}

void H2Stream::run() {
  std::ignore = work_.take();
  conversation_.ended(*this);
}

void H2Stream::close() {
  closed_ = true;
  arrived_.set();
  taken_.set();
  work_.cancel();
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
  if (std::exchange(continue_wanted, false) && !remote_ended_) conversation_.ask_for_content(*this);
  while (unread_ == 0) {
    if (lost_ || (closed_ && !remote_ended_)) {
      co_return Error(Code::reset, "the peer ended the stream within the body");
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
  conversation_.consumed(*this, part.size());
  co_return part;
}

Deferred<void> H2Stream::content_comes() {
  arrived_.reset();
  std::uint64_t rate = request.slow_content_allowed ? 0 : conversation_.receive_rate();
  Clock& clock = conversation_.clock();
  auto begun = clock.now();
  // The rate may become another one meanwhile, so that there is a look now and then in any case.
  Duration limit = rate == 0 ? look_again : content_pace_.left();
  auto came = co_await with_timeout(clock, limit, arrived_.wait()).result();
  if (!came.ok() && !came.error().is(Code::timed_out)) co_await fail_with(std::move(came).error());
  if (rate == 0) co_return;
  content_pace_.add(clock.now() - begun, unread_, rate);
  if (came.ok() || !content_pace_.used_up()) co_return;
  request.content_fault = 408;
  co_await fail_with(Error(Code::timed_out, "the content came at less than " +
                                                std::to_string(rate) + " bytes a second"));
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
  out_ = std::move(part);
  out_last_ = last;
}

Deferred<void> H2Stream::send(BodySource& source) {
  while (!closed_) {
    Bytes part = co_await source.read();
    bool last = part.empty();
    if (last) trailers_out = source.trailers();
    give(std::move(part), last);
    conversation_.resume(*this);
    if (last) co_return;
    co_await all_taken();
  }
}

Deferred<void> H2Stream::all_taken() {
  Clock& clock = conversation_.clock();
  while (!closed_ && !out_.empty()) {
    taken_.reset();
    std::uint64_t rate = conversation_.send_rate();
    std::size_t waiting = out_.size();
    auto begun = clock.now();
    Duration limit = rate == 0 ? look_again : answer_pace_.left();
    auto taken = co_await with_timeout(clock, limit, taken_.wait()).result();
    if (!taken.ok() && !taken.error().is(Code::timed_out)) {
      co_await fail_with(std::move(taken).error());
    }
    if (rate == 0) continue;
    answer_pace_.add(clock.now() - begun, waiting - out_.size(), rate);
    if (taken.ok() || !answer_pace_.used_up()) continue;
    too_slow_ = true;
    co_await fail_with(Error(Code::timed_out, "the answer was taken at less than " +
                                                  std::to_string(rate) + " bytes a second"));
  }
}

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
