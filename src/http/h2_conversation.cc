#include "http/h2_conversation.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "async/gather.h"
#include "async/shield.h"
#include "http/h2_response.h"
#include "http/h2_tunnel.h"
#include "http/read_away.h"

namespace berth::http {
namespace {

constexpr std::size_t read_bytes = 64 << 10;

/// A small answer that waits in the peer's window costs little, and need not be watched.
constexpr std::size_t unpaced_bytes_max = 16 << 10;

/// At least 1, so that 0 stays what it means.
std::uint64_t share_of(std::uint64_t rate, std::size_t streams) {
  if (rate == 0) return 0;
  return std::max<std::uint64_t>(1, rate / std::max<std::size_t>(1, streams));
}

bool begins_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

bool ends_stream(const nghttp2_frame& frame) { return frame.hd.flags & NGHTTP2_FLAG_END_STREAM; }

/// Frames that cost their sender nothing and us a little.
bool costs_nothing(const nghttp2_frame_hd& head) {
  switch (head.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      return !(head.flags & NGHTTP2_FLAG_ACK);
    case NGHTTP2_PRIORITY:
      return true;
    case NGHTTP2_DATA:
      return head.length == 0 && !(head.flags & NGHTTP2_FLAG_END_STREAM);
    default:
      return false;
  }
}

/// With which a stream is reset whose answer failed on its way.
std::uint32_t code_for(const Error& error) {
  if (error.is(Code::cancelled)) return NGHTTP2_CANCEL;
  if (error.is(Code::overloaded)) return NGHTTP2_ENHANCE_YOUR_CALM;
  if (error.is(Code::denied)) return NGHTTP2_INADEQUATE_SECURITY;
  return NGHTTP2_INTERNAL_ERROR;
}

H2ServerStream& ours(H2Stream& stream) { return static_cast<H2ServerStream&>(stream); }

}  // namespace

H2Conversation::H2Conversation(Clock& clock, ByteStream& stream, const Handler& handler,
                               const ServerOptions& options, ServerShared& shared)
    : H2Session(Side::server, options.h2.acks_max, options.h2.continuations_max),
      clock_(clock),
      stream_(stream),
      handler_(handler),
      options_(options),
      shared_(shared),
      resets_(options.h2.resets_per_second_max,
              options.h2.resets_per_second_max * options.h2.burst_seconds),
      controls_(options.h2.control_frames_per_second_max,
                options.h2.control_frames_per_second_max * options.h2.burst_seconds) {
  auto size = [](std::size_t bytes) { return static_cast<std::uint32_t>(bytes); };
  std::array<nghttp2_settings_entry, 5> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, size(options.h2.streams_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, size(options.h2.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, size(options.head.head_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  }};
  must(nghttp2_submit_settings(session(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  must(nghttp2_session_set_local_window_size(
      session(), NGHTTP2_FLAG_NONE, 0,
      static_cast<std::int32_t>(options.h2.connection_window_bytes)));
}

Deferred<void> H2Conversation::run(Bytes early) {
  Deferred<void> writing = write_all();
  auto ended = co_await race(together(read_all(std::move(early)), over_.wait())).result();
  if (peer_gone_) std::ignore = co_await lose_tunnels().result();
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
  bool taken = feed(std::move(part));
  if (std::exchange(progress_, false)) {
    no_frame_.reset();
  } else if (!no_frame_) {
    no_frame_ = clock_.now();
  }
  if (taken) return true;
  // Too many acknowledgements or CONTINUATION frames.
  calm_down();
  broken_ = true;
  return false;
}

bool H2Conversation::outlast_silence() {
  bool waits_for_us = std::ranges::any_of(
      streams_, [](auto& each) { return each.second->working() && !each.second->stalled(); });
  if (!waits_for_us || std::exchange(asked_alive_, true)) return false;
  must(nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr));
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
    if (finished()) break;
    output_.reset();
    co_await output_.wait();
  }
  over_.set();
}

Deferred<void> H2Conversation::lose_tunnels() {
  for (auto& [id, stream] : streams_) {
    if (stream->tunnel()) {
      stream->lose();
    } else {
      stream->cancel();
    }
  }
  auto goes_on = [](auto& each) { return each.second->tunnel() && each.second->working(); };
  while (std::ranges::any_of(streams_, goes_on)) {
    changed_.reset();
    co_await changed_.wait();
  }
}

Deferred<void> H2Conversation::say_goodbye(Deferred<void> writing) {
  ending_ = true;
  for (auto& [id, stream] : streams_) stream->cancel();
  if (!peer_gone_) {
    bool faulty = too_much_ || over_.is_set();  // and the peer is told so already
    auto last = nghttp2_session_get_last_proc_stream_id(session());
    if (!faulty) {
      std::ignore =
          nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
    }
    output_.set();
    auto limit = options_.h2.goodbye_timeout;
    std::ignore =
        co_await with_timeout(clock_, limit, race(together(std::move(writing), read_all({}))))
            .result();
    if (faulty) std::ignore = co_await with_timeout(clock_, limit, read_away(stream_)).result();
  }
  gone_ = true;
  for (auto& [id, stream] : streams_) {
    if (stream->tunnel()) stream->lose();
  }
  std::erase_if(streams_, [](auto& each) { return !each.second->working(); });
  while (!streams_.empty()) {
    changed_.reset();
    co_await changed_.wait();
  }
}

Deferred<void> H2Conversation::go_away(Duration notice) {
  std::ignore = nghttp2_submit_shutdown_notice(session());
  output_.set();
  co_await clock_.after(notice);
  if (ending_) co_return;
  ending_ = true;
  auto last = nghttp2_session_get_last_proc_stream_id(session());
  std::ignore =
      nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  output_.set();
}

void H2Conversation::calm_down() {
  if (!std::exchange(too_much_, true)) {
    shared_.refusals.note(Refusal::h2_rate, stream_.peer_address());
  }
  std::ignore = nghttp2_session_terminate_session(session(), NGHTTP2_ENHANCE_YOUR_CALM);
  output_.set();
}

H2ServerStream* H2Conversation::open(std::int32_t id) {
  if (streams_.size() >= options_.h2.streams_max) {
    reset(id, NGHTTP2_REFUSED_STREAM);
    count_reset();
    return nullptr;
  }
  if (++requests_ == options_.requests_per_connection_max) {
    // What is being answered is answered; what the peer asks beyond goes to its next connection.
    std::ignore =
        nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR, nullptr, 0);
    ending_ = true;
  }
  ++shared_.requests;
  auto& stream = streams_[id];
  stream = std::make_unique<H2ServerStream>(*this, id, options_);
  return stream.get();
}

void H2Conversation::answer(H2ServerStream& stream) {
  auto head = stream.head.end(!stream.remote_ended());
  stream.begin(answer_with(stream, std::move(head)));
}

Deferred<void> H2Conversation::answer_with(H2ServerStream& stream, Result<RequestHead> head) {
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
  bool extended = !stream.request.head.protocol.empty();
  if (response.upgraded && extended) {
    co_await go_on(stream, std::move(response));
    co_return;
  }
  if (response.upgraded) {
    response = ServerResponse::problem(501, "HTTP/2 has no upgrades");
  } else if (extended && response.status < 300) {
    // It would say that the tunnel stands (RFC 8441 section 5).
    response = ServerResponse::problem(400, "this path speaks no WebSocket");
  }
  bool with_content = stream.request.head.method != "HEAD" && may_have_content(response.status);
  submit(stream, response, with_content);
  if (!with_content) co_return;
  bool at_once = !response.body.source && response.body.text.size() <= unpaced_bytes_max;
  if (at_once) co_return;
  auto sent = co_await (response.body.source ? stream.send(*response.body.source) : stream.taken())
                  .result();
  // A text is handed over already: a cancel lets it arrive.
  if (sent.ok() || stream.closed() || (!response.body.source && !stream.too_slow())) co_return;
  bool too_slow = stream.too_slow();
  if (too_slow) shared_.refusals.note(Refusal::answer_rate, stream_.peer_address());
  reset(stream.id(), too_slow ? std::uint32_t{NGHTTP2_CANCEL} : code_for(sent.error()));
}

/// The stream becomes a tunnel.
Deferred<void> H2Conversation::go_on(H2ServerStream& stream, ServerResponse response) {
  stream.become_tunnel();
  submit(stream, response, true);
  auto tunnel =
      std::make_unique<H2Tunnel>(stream, nullptr, stream_.local_address(), stream_.peer_address());
  co_await response.upgraded(std::move(tunnel), Bytes());
}

std::uint64_t H2Conversation::receive_rate() const {
  if (nghttp2_session_get_local_window_size(session()) <= 0) return 0;
  return share_of(options_.receive_bytes_per_second_min, streams_.size());
}

std::uint64_t H2Conversation::send_rate() const {
  return share_of(options_.send_bytes_per_second_min, streams_.size());
}

void H2Conversation::submit(H2ServerStream& stream, const ServerResponse& response,
                            bool with_content) {
  bool text = !response.body.source && !response.body.text.empty();
  bool content = with_content && (response.body.source || text || stream.tunnel());
  if (content && text) stream.give(response.body.text, true);
  submit_h2_response(session(), stream, response, shared_.date.value(), content);
  output_.set();
}

void H2Conversation::count_reset() {
  if (!resets_.take(clock_.now())) calm_down();
}

void H2Conversation::count_control() {
  if (!controls_.take(clock_.now())) calm_down();
}

void H2Conversation::consumed(H2Stream& stream, std::size_t bytes) {
  std::ignore = nghttp2_session_consume(session(), stream.id(), bytes);
  output_.set();
}

void H2Conversation::ask_for_content(H2ServerStream& stream) {
  submit_h2_continue(session(), stream.id());
  output_.set();
}

void H2Conversation::stream_closed(H2Stream& stream, std::uint32_t) {
  // What nobody will read goes back to the window of all; a tunnel's is read later.
  std::size_t bytes = stream.tunnel() ? stream.unread() : stream.drop_unread();
  std::ignore = nghttp2_session_consume_connection(session(), bytes);
  ours(stream).close();
  if (!ours(stream).working()) drop(ours(stream));
}

void H2Conversation::frame_begins(const nghttp2_frame_hd& head) {
  if (costs_nothing(head)) count_control();
}

void H2Conversation::head_begins(const nghttp2_frame& frame) {
  if (!begins_request(frame)) return;
  std::int32_t id = frame.hd.stream_id;
  // As H2Stream, which is what stream_of() takes it for.
  if (H2Stream* stream = open(id)) nghttp2_session_set_stream_user_data(session(), id, stream);
}

void H2Conversation::field(const nghttp2_frame& frame, H2Stream& stream, std::string_view name,
                           std::string_view value) {
  if (begins_request(frame)) {
    ours(stream).head.add(name, value);
  } else if (stream.trailers_in.size() < options_.head.headers_max) {
    stream.trailers_in.emplace_back(name, value);
  }
}

void H2Conversation::frame_received(const nghttp2_frame& frame, H2Stream* stream) {
  if (frame.hd.type == NGHTTP2_RST_STREAM) count_reset();
  if (stream && begins_request(frame)) answer(ours(*stream));
}

void H2Conversation::frame_refused(const nghttp2_frame&, int) { count_reset(); }

void H2Conversation::content_received(H2Stream* stream, std::size_t bytes) {
  if (!stream) nghttp2_session_consume_connection(session(), bytes);
}

void H2Conversation::frame_sent(const nghttp2_frame& frame, H2Stream* stream) {
  // Answered before the request's end: the rest is not wanted (section 8.1).
  bool content = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
  bool ends = stream && content && ends_stream(frame) && !stream->half_open();
  if (ends && !stream->remote_ended()) {
    nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, stream->id(), NGHTTP2_NO_ERROR);
  }
}

void H2Conversation::ended(H2ServerStream& stream) {
  if (stream.closed() || gone_) drop(stream);
}

void H2Conversation::drop(H2ServerStream& stream) {
  streams_.erase(stream.id());
  changed_.set();
  output_.set();
}

}  // namespace berth::http
