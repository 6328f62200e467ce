#include "http/h2_conversation.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "async/gather.h"
#include "async/shield.h"
#include "http/h2_callbacks.h"
#include "http/h2_response.h"
#include "http/read_away.h"

namespace berth::http {
namespace {

constexpr std::size_t read_bytes = 64 << 10;
constexpr std::size_t write_bytes = 64 << 10;

/// A small answer that waits in the peer's window costs little, and need not be watched.
constexpr std::size_t unpaced_bytes_max = 16 << 10;

/// At least 1, so that 0 stays what it means.
std::uint64_t share_of(std::uint64_t rate, std::size_t streams) {
  if (rate == 0) return 0;
  return std::max<std::uint64_t>(1, rate / std::max<std::size_t>(1, streams));
}

void must(int answered) { check(answered == 0, "nghttp2 refuses what it must take"); }

}  // namespace

void H2Conversation::End::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

H2Conversation::H2Conversation(Clock& clock, ByteStream& stream, const Handler& handler,
                               const ServerOptions& options, ServerShared& shared)
    : clock_(clock),
      stream_(stream),
      handler_(handler),
      options_(options),
      shared_(shared),
      resets_(options.h2.resets_per_second_max,
              options.h2.resets_per_second_max * options.h2.burst_seconds),
      controls_(options.h2.control_frames_per_second_max,
                options.h2.control_frames_per_second_max * options.h2.burst_seconds),
      session_(make_h2_session(*this, options.h2)) {
  auto size = [](std::size_t bytes) { return static_cast<std::uint32_t>(bytes); };
  std::array<nghttp2_settings_entry, 4> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, size(options.h2.streams_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, size(options.h2.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, size(options.head.head_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  }};
  must(
      nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  must(nghttp2_session_set_local_window_size(
      session_.get(), NGHTTP2_FLAG_NONE, 0,
      static_cast<std::int32_t>(options.h2.connection_window_bytes)));
}

H2Conversation::~H2Conversation() = default;

Deferred<void> H2Conversation::run(Bytes early) {
  Deferred<void> writing = write_all();
  auto ended = co_await race(together(read_all(std::move(early)), over_.wait())).result();
  co_await shielded(say_goodbye(std::move(writing)));
  if (!ended.ok()) co_await fail_with(std::move(ended).error());
}

Deferred<void> H2Conversation::read_all(Bytes early) {
  if (!early.empty() && !receive(std::move(early))) co_return;
  for (;;) {
    auto part =
        co_await with_timeout(clock_, options_.idle_timeout, stream_.read(read_bytes)).result();
    if (part.ok() && !part->empty()) {
      if (!receive(std::move(*part))) co_return;
      // Bytes that never make a frame are silence too.
      if (no_frame_ && clock_.now() - *no_frame_ > options_.idle_timeout) co_return;
    } else if (!part.ok() && part.error().is(Code::timed_out)) {
      if (!outlast_silence()) co_return;
    } else {
      if (part.ok() || !part.error().is(Code::cancelled)) peer_gone_ = true;
      co_return;
    }
  }
}

bool H2Conversation::receive(Bytes part) {
  if (broken_) return true;  // it is only read away
  asked_alive_ = false;
  input_ = std::move(part);
  auto taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(input_.data()), input_.size());
  input_ = Bytes();
  output_.set();
  if (std::exchange(progress_, false)) {
    no_frame_.reset();
  } else if (!no_frame_) {
    no_frame_ = clock_.now();
  }
  if (taken >= 0) return true;
  // Too many acknowledgements or CONTINUATION frames.
  calm_down();
  broken_ = true;
  return false;
}

bool H2Conversation::outlast_silence() {
  bool waits_for_us = std::ranges::any_of(
      streams_, [](auto& each) { return each.second->working() && !each.second->stalled(); });
  if (!waits_for_us || std::exchange(asked_alive_, true)) return false;
  must(nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr));
  output_.set();
  return true;
}

Deferred<void> H2Conversation::write_all() {
  for (;;) {
    Bytes out = next_output();
    if (!out.empty()) {
      if (!(co_await stream_.write(std::move(out)).result()).ok()) {
        peer_gone_ = true;
        break;
      }
      continue;
    }
    if (ending_ && streams_.empty()) break;
    if (!nghttp2_session_want_read(session_.get()) && !nghttp2_session_want_write(session_.get())) {
      break;
    }
    output_.reset();
    co_await output_.wait();
  }
  over_.set();
}

Bytes H2Conversation::next_output() {
  std::string out;
  while (out.size() < write_bytes) {
    const std::uint8_t* data = nullptr;
    auto size = nghttp2_session_mem_send(session_.get(), &data);
    if (size <= 0) break;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  return out.empty() ? Bytes() : Bytes::copy(out);
}

Deferred<void> H2Conversation::say_goodbye(Deferred<void> writing) {
  ending_ = true;
  for (auto& [id, stream] : streams_) stream->cancel();
  if (!peer_gone_) {
    bool faulty = too_much_ || over_.is_set();  // and the peer is told so already
    auto last = nghttp2_session_get_last_proc_stream_id(session_.get());
    if (!faulty) {
      std::ignore = nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR,
                                          nullptr, 0);
    }
    output_.set();
    auto limit = options_.h2.goodbye_timeout;
    std::ignore =
        co_await with_timeout(clock_, limit, race(together(std::move(writing), read_all({}))))
            .result();
    if (faulty) std::ignore = co_await with_timeout(clock_, limit, read_away(stream_)).result();
  }
  gone_ = true;
  std::erase_if(streams_, [](auto& each) { return !each.second->working(); });
  while (!streams_.empty()) {
    changed_.reset();
    co_await changed_.wait();
  }
}

void H2Conversation::calm_down() {
  if (!std::exchange(too_much_, true)) {
    shared_.refusals.note(Refusal::h2_rate, stream_.peer_address());
  }
  std::ignore = nghttp2_session_terminate_session(session_.get(), NGHTTP2_ENHANCE_YOUR_CALM);
  output_.set();
}

H2Stream* H2Conversation::open(std::int32_t id) {
  if (streams_.size() >= options_.h2.streams_max) {
    reset(id, NGHTTP2_REFUSED_STREAM);
    return nullptr;
  }
  if (++requests_ == options_.requests_per_connection_max) {
    // What is being answered is answered; what the peer asks beyond goes to its next connection.
    std::ignore =
        nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR, nullptr, 0);
    ending_ = true;
  }
  ++shared_.requests;
  auto& stream = streams_[id];
  stream = std::make_unique<H2Stream>(*this, id, options_);
  return stream.get();
}

void H2Conversation::answer(H2Stream& stream) {
  auto head = stream.head.end(!stream.remote_ended());
  stream.begin(answer_with(stream, std::move(head)));
}

Deferred<void> H2Conversation::answer_with(H2Stream& stream, Result<RequestHead> head) {
  Result<ServerResponse> answered = ServerResponse();
  if (head.ok()) {
    stream.request.head = std::move(*head);
    stream.request.peer = stream_.peer_address();
    stream.request.content = &stream;
    stream.continue_wanted = stream.request.head.expects_continue();
    answered = co_await handler_(stream.request).result();
  } else if (head.error().is(Code::overloaded)) {
    answered = ServerResponse::problem(431, head.error().text());
    shared_.refusals.note(Refusal::head_size, stream_.peer_address(), head.error().text());
  } else {
    answered = std::move(head).error();
  }
  if (stream.closed()) co_return;
  if (!answered.ok() && answered.error().is(Code::cancelled)) {
    reset(stream.id(), NGHTTP2_CANCEL);
    co_return;
  }
  auto response = answered.ok() ? std::move(*answered)
                                : ServerResponse::problem(stream.request, answered.error());
  if (stream.request.content_fault) shared_.note_fault(stream.request);
  if (response.upgraded) {
    response = ServerResponse::problem(501, "HTTP/2 has no upgrades");
  }
  bool with_content = stream.request.head.method != "HEAD" && may_have_content(response.status);
  submit(stream, response, with_content);
  if (!with_content) co_return;
  bool at_once = !response.body.source && response.body.text.size() <= unpaced_bytes_max;
  if (at_once) co_return;
  auto sent =
      co_await (response.body.source ? stream.send(*response.body.source) : stream.all_taken())
          .result();
  // A text is handed over already: a cancel lets it arrive.
  if (sent.ok() || stream.closed() || (!response.body.source && !stream.too_slow())) co_return;
  bool too_slow = stream.too_slow();
  if (too_slow) shared_.refusals.note(Refusal::answer_rate, stream_.peer_address());
  bool given_up = too_slow || sent.error().is(Code::cancelled);
  reset(stream.id(), given_up ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR);
}

std::uint64_t H2Conversation::receive_rate() const {
  if (nghttp2_session_get_local_window_size(session_.get()) <= 0) return 0;
  return share_of(options_.receive_bytes_per_second_min, streams_.size());
}

std::uint64_t H2Conversation::send_rate() const {
  return share_of(options_.send_bytes_per_second_min, streams_.size());
}

void H2Conversation::submit(H2Stream& stream, const ServerResponse& response, bool with_content) {
  H2Response fields(response, shared_.date.value());
  bool content = with_content && (response.body.source || !response.body.text.empty());
  if (content && !response.body.source) stream.give(response.body.text, true);
  submit_h2_response(session_.get(), stream, fields, content);
  output_.set();
}

void H2Conversation::reset(std::int32_t id, std::uint32_t code) {
  std::ignore = nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, code);
  output_.set();
  bool ours = code == NGHTTP2_NO_ERROR || code == NGHTTP2_INTERNAL_ERROR || code == NGHTTP2_CANCEL;
  if (!ours) count_reset();
}

void H2Conversation::count_reset() {
  if (!resets_.take(clock_.now())) calm_down();
}

void H2Conversation::count_control() {
  if (!controls_.take(clock_.now())) calm_down();
}

void H2Conversation::consumed(H2Stream& stream, std::size_t bytes) {
  if (stream.closed()) return;
  std::ignore = nghttp2_session_consume(session_.get(), stream.id(), bytes);
  output_.set();
}

void H2Conversation::resume(H2Stream& stream) {
  std::ignore = nghttp2_session_resume_data(session_.get(), stream.id());
  output_.set();
}

void H2Conversation::ask_for_content(H2Stream& stream) {
  submit_h2_continue(session_.get(), stream.id());
  output_.set();
}

void H2Conversation::closed(H2Stream& stream) {
  // What nobody will read goes back to the window of all.
  std::ignore = nghttp2_session_consume_connection(session_.get(), stream.drop_unread());
  stream.close();
  if (!stream.working()) drop(stream);
}

void H2Conversation::ended(H2Stream& stream) {
  if (stream.closed() || gone_) drop(stream);
}

void H2Conversation::drop(H2Stream& stream) {
  streams_.erase(stream.id());
  changed_.set();
  output_.set();
}

}  // namespace berth::http
