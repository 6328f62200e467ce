#include "http/h2_client_connection.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "http/h2_client_stream.h"

namespace berth::http::detail {
namespace {

constexpr std::size_t read_bytes = 64 << 10;
/// Not a limit: what has come is taken at once, and the streams' own windows bound what is kept.
constexpr std::int32_t connection_window_bytes = 1 << 30;
constexpr std::size_t farewell_bytes_max = 200;

H2ClientStream& ours(H2Stream& stream) { return static_cast<H2ClientStream&>(stream); }

std::string name_of(std::uint32_t code) { return nghttp2_http2_strerror(code); }

Error breaks(std::string_view what) {
  return Error(Code::invalid, "the answer breaks HTTP/2: " + std::string(what));
}

/// Why the peer closed a stream.
Error error_of(std::uint32_t code) {
  if (code == NGHTTP2_REFUSED_STREAM) {
    return Error(Code::refused, "the peer refused the stream before it began with it");
  }
  if (code == NGHTTP2_HTTP_1_1_REQUIRED) {
    return Error(Code::unsupported, "the peer wants HTTP/1.1 for this request");
  }
  return Error(Code::reset, "the peer reset the stream: " + name_of(code));
}

/// What of `data` may stand in a log.
std::string readable(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), std::min(size, farewell_bytes_max));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

}  // namespace

H2ClientConnection::H2ClientConnection(Clock& clock, std::unique_ptr<ByteStream> stream,
                                       HeadLimits head, const H2ClientLimits& limits)
    : H2Session(Side::client, limits.acks_max, limits.continuations_max),
      clock_(clock),
      stream_(std::move(stream)),
      head_limits_(head),
      limits_(limits),
      head_(head_limits_) {
  auto size = [](std::size_t bytes) { return static_cast<std::uint32_t>(bytes); };
  std::array<nghttp2_settings_entry, 3> settings{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, size(limits.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, size(head.head_bytes_max)},
  }};
  must(nghttp2_submit_settings(session(), NGHTTP2_FLAG_NONE, settings.data(), settings.size()));
  must(nghttp2_session_set_local_window_size(session(), NGHTTP2_FLAG_NONE, 0,
                                             connection_window_bytes));
  scope_.add(write_all());
  scope_.add(read_all());
}

H2ClientConnection::~H2ClientConnection() {
  if (lost_ || deaf_ || writing_) return;
  std::ignore =
      nghttp2_submit_goaway(session(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
  auto written = stream_->write(next_output());
  if (!written.pending()) std::ignore = written.take();
}

bool H2ClientConnection::has_room() const {
  return streams_.size() <
         nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::unique_ptr<H2ClientStream> H2ClientConnection::open() {
  auto stream = std::make_unique<H2ClientStream>(shared_from_this());
  stream->place_ = streams_.size();
  streams_.push_back(stream.get());
  if (!armed()) {
    heard_ = clock_.now();
    clock_.timers().arm(*this, heard_ + limits_.ping_after);
  }
  return stream;
}

void H2ClientConnection::submit(H2ClientStream& stream, const H2Fields& head, bool with_content) {
  nghttp2_data_provider content = content_of_stream();
  std::int32_t id = -1;
  if (!lost_ && !deaf_) {
    id = nghttp2_submit_request(session(), nullptr, head.data(), head.size(),
                                with_content ? &content : nullptr, static_cast<H2Stream*>(&stream));
  }
  if (id < 0) {
    // The connection ended meanwhile, or the numbers of streams are used up.
    going_ = true;
    stream.end(Error(Code::unavailable, "it was not sent: the connection takes no more"));
    return;
  }
  stream.set_id(id);
  auto room =
      nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  stream.waits_ = streams_.size() > room;
  if (stream.waits_) ++waiting_;
  output_.set();
}

void H2ClientConnection::consumed(H2Stream& stream, std::size_t bytes) {
  std::ignore = nghttp2_session_consume_stream(session(), stream.id(), bytes);
  output_.set();
}

void H2ClientConnection::cancel(H2ClientStream& stream) {
  if (stream.id() == 0) return;
  nghttp2_session_set_stream_user_data(session(), stream.id(), nullptr);
  if (stream.closed() || lost_) return;
  if (stream.finishes()) {
    resume(stream);  // what is left is our end, which needs nobody
  } else {
    reset(stream.id(), NGHTTP2_CANCEL);
  }
}

Deferred<bool> H2ClientConnection::tunnels_allowed() {
  co_await settled_.wait();
  co_return !lost_ &&
      nghttp2_session_get_remote_settings(session(), NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void H2ClientConnection::leave(H2ClientStream& stream) {
  cancel(stream);
  if (stream.waits_) --waiting_;
  streams_.back()->place_ = stream.place_;
  streams_[stream.place_] = streams_.back();
  streams_.pop_back();
  output_.set();
  if (streams_.empty() && ticket) ticket->pool().rest(*this);
}

Deferred<void> H2ClientConnection::read_all() {
  bool first = true;
  for (;;) {
    auto part = co_await stream_->read(read_bytes).result();
    if (lost_) co_return;
    if (!part.ok()) {
      lost(reason(std::move(part).error()));
      co_return;
    }
    if (part->empty()) {
      lost(reason(Error(Code::closed, "the peer ended the connection")));
      co_return;
    }
    if (std::exchange(first, false) && part->view().starts_with("HTTP/1.")) {
      lost(Error(Code::unsupported, "the peer speaks HTTP/1.1, HTTP/2 was asked for"));
      co_return;
    }
    progress_ = false;
    bool good = feed(std::move(*part));
    if (progress_) {
      heard_ = clock_.now();
      asked_alive_ = false;
    }
    if (!good) {
      lost(Error(Code::invalid, "the peer sends more SETTINGS, PING or CONTINUATION than allowed"));
      co_return;
    }
  }
}

Deferred<void> H2ClientConnection::write_all() {
  while (!lost_) {
    Bytes out = next_output();
    if (out.empty()) {
      if (finished()) break;
      output_.reset();
      co_await output_.wait();
      continue;
    }
    writing_ = true;
    auto sent = co_await stream_->write(std::move(out)).result();
    writing_ = false;
    if (!sent.ok()) {
      // What the peer said before counts: who waits for an answer hears of the end by reading.
      deaf_ = true;
      refuse_unsent(sent.error().text());
      co_return;
    }
  }
  lost(reason(Error(Code::closed, "the peer ended the connection")));
}

void H2ClientConnection::head_begins(const nghttp2_frame&) { head_.clear(); }

void H2ClientConnection::field(const nghttp2_frame&, H2Stream& stream, std::string_view name,
                               std::string_view value) {
  if (ours(stream).answered()) {
    ours(stream).field(name, value);
  } else {
    head_.add(name, value);
  }
}

void H2ClientConnection::frame_received(const nghttp2_frame& frame, H2Stream* stream) {
  if (frame.hd.type == NGHTTP2_GOAWAY) hear_goodbye(frame.goaway);
  if (frame.hd.type == NGHTTP2_SETTINGS && !(frame.hd.flags & NGHTTP2_FLAG_ACK)) settled_.set();
  if (stream && frame.hd.type == NGHTTP2_RST_STREAM) ours(*stream).reset_by_peer_ = true;
  if (stream && frame.hd.type == NGHTTP2_HEADERS) ours(*stream).head_received(head_);
}

void H2ClientConnection::frame_refused(const nghttp2_frame& frame, int why) {
  H2Stream* stream = stream_of(frame.hd.stream_id);
  Error fault = breaks(nghttp2_strerror(why));
  if (stream) {
    ours(*stream).fault_ = std::move(fault);
  } else {
    fault_ = std::move(fault);
  }
}

void H2ClientConnection::content_received(H2Stream*, std::size_t bytes) {
  std::ignore = nghttp2_session_consume_connection(session(), bytes);
}

void H2ClientConnection::frame_sent(const nghttp2_frame& frame, H2Stream* stream) {
  if (stream && frame.hd.type == NGHTTP2_HEADERS && !ours(*stream).was_sent()) {
    if (ours(*stream).waits()) --waiting_;
    ours(*stream).sent();
  }
  // Ours, since nghttp2 found a fault.
  if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR && !fault_) {
    fault_ = breaks(name_of(frame.goaway.error_code));
  }
}

void H2ClientConnection::stream_closed(H2Stream& stream, std::uint32_t code) {
  auto& closed = ours(stream);
  closed.reset_code_ = code;
  if (closed.answered() && closed.remote_ended()) return closed.end({});
  if (closed.reset_by_peer_ || code == NGHTTP2_REFUSED_STREAM || closed.remote_ended()) {
    return closed.end(error_of(code));
  }
  // By nghttp2, which found a fault, and does not always tell it.
  closed.end(closed.fault_.value_or(breaks(name_of(code))));
}

void H2ClientConnection::hear_goodbye(const nghttp2_goaway& frame) {
  going_ = true;
  if (frame.error_code != NGHTTP2_NO_ERROR) {
    farewell_ = name_of(frame.error_code);
    if (frame.opaque_data_len > 0) {
      farewell_ += " (" + readable(frame.opaque_data, frame.opaque_data_len) + ")";
    }
  }
  refuse_unsent("the peer says goodbye");
}

void H2ClientConnection::refuse_unsent(const std::string& why) {
  for (auto* stream : streams_) {
    if (stream->was_sent() || stream->id() == 0 || stream->closed()) continue;
    stream->give_up(Error(Code::unavailable, "it was not sent: " + why));
  }
}

void H2ClientConnection::lost(Error why) {
  if (std::exchange(lost_, true)) return;
  // First, so that who reads and writes here hears of it before the last stream takes this along.
  stream_->close();
  for (auto* stream : streams_) {
    if (stream->was_sent() || why.is(Code::invalid) || why.is(Code::unsupported)) {
      stream->end(why);
    } else {
      stream->end(Error(Code::unavailable, "it was not sent: " + why.text()));
    }
  }
  output_.set();
  settled_.set();
}

Error H2ClientConnection::reason(Error why) const {
  if (fault_) return *fault_;
  if (farewell_.empty()) return why;
  return Error(Code::reset, "the peer ended the connection: " + farewell_);
}

void H2ClientConnection::fire() {
  if (streams_.empty() || lost_) return;
  MonotonicTime due = heard_ + limits_.ping_after;
  if (clock_.now() >= due) {
    if (std::exchange(asked_alive_, true)) {
      return lost(Error(Code::reset, "the peer answers no PING"));
    }
    must(nghttp2_submit_ping(session(), NGHTTP2_FLAG_NONE, nullptr));
    output_.set();
    due = clock_.now() + limits_.ping_after;
  }
  clock_.timers().arm(*this, due);
}

}  // namespace berth::http::detail
