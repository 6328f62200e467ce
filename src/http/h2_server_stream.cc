#include "http/h2_server_stream.h"

#include <string>
#include <tuple>
#include <utility>

#include "http/h2_conversation.h"

namespace berth::http {
namespace {

/// Where there is no least rate at present.
constexpr Duration look_again = 10s;

}  // namespace

H2ServerStream::H2ServerStream(H2Conversation& conversation, std::int32_t id,
                               const ServerOptions& options)
    : H2Stream(conversation, id),
      head(options.head),
      conversation_(conversation),
      content_pace_(options.rate_grace),
      answer_pace_(Pace::of_answers(options.rate_grace)) {}

void H2ServerStream::begin(Deferred<void> work) {
  work_ = std::move(work);
  work_.wait(*this);
  if (closed()) work_.cancel();
}

void H2ServerStream::run() {
  std::ignore = work_.take();
  conversation_.ended(*this);
}

void H2ServerStream::close() {
  if (tunnel()) return end_both_ways(Error(Code::reset, "the peer reset the stream"));
  end_both_ways();
  work_.cancel();
}

void H2ServerStream::lose() { end_both_ways(Error(Code::reset, "the peer ended the connection")); }

Deferred<Bytes> H2ServerStream::read() {
  if (std::exchange(continue_wanted, false) && !remote_ended()) {
    conversation_.ask_for_content(*this);
  }
  return H2Stream::read();
}

Deferred<void> H2ServerStream::content_comes() {
  std::uint64_t rate = request.slow_content_allowed ? 0 : conversation_.receive_rate();
  Clock& clock = conversation_.clock();
  auto begun = clock.now();
  // The rate may become another one meanwhile, so that there is a look now and then in any case.
  Duration limit = rate == 0 ? look_again : content_pace_.left();
  auto came = co_await with_timeout(clock, limit, arrived_.wait()).result();
  if (!came.ok() && !came.error().is(Code::timed_out)) co_await fail_with(came.error());
  if (rate == 0) co_return;
  content_pace_.add(clock.now() - begun, unread(), rate);
  if (came.ok() || !content_pace_.used_up()) co_return;
  request.content_fault = 408;
  co_await fail_with(Error(Code::timed_out, "the content came at less than " +
                                                std::to_string(rate) + " bytes a second"));
}

Deferred<void> H2ServerStream::taken() {
  Clock& clock = conversation_.clock();
  while (!closed() && stalled()) {
    std::uint64_t rate = conversation_.send_rate();
    std::size_t before = waiting();
    auto begun = clock.now();
    Duration limit = rate == 0 ? look_again : answer_pace_.left();
    auto taken = co_await with_timeout(clock, limit, taken_.wait()).result();
    if (!taken.ok() && !taken.error().is(Code::timed_out)) {
      co_await fail_with(taken.error());
    }
    if (rate == 0) continue;
    answer_pace_.add(clock.now() - begun, before - waiting(), rate);
    if (taken.ok() || !answer_pace_.used_up()) continue;
    too_slow_ = true;
    co_await fail_with(Error(Code::timed_out, "the answer was taken at less than " +
                                                  std::to_string(rate) + " bytes a second"));
  }
}

}  // namespace berth::http
