#include "http/h2_session.h"

#include <tuple>
#include <utility>

#include "http/h2_callbacks.h"

namespace berth::http {
namespace {

constexpr std::size_t output_bytes = 64 << 10;
/// A larger buffer is not kept for the next output.
constexpr std::size_t kept_bytes_max = 16 << 10;

}  // namespace

void must(int answered) { check(answered == 0, "nghttp2 refuses what it must take"); }

H2Session::H2Session(Side side, std::size_t acks_max, std::size_t continuations_max)
    : session_(make_h2_session(*this, side == Side::server, acks_max, continuations_max)) {}
H2Session::~H2Session() = default;

bool H2Session::feed(Bytes part) {
  input_ = std::move(part);
  head_id_ = 0;
  auto taken = nghttp2_session_mem_recv(
      session(), reinterpret_cast<const std::uint8_t*>(input_.data()), input_.size());
  input_ = Bytes();
  output_.set();
  return taken >= 0;
}

Bytes H2Session::next_output() {
  if (!buffer_) buffer_.emplace();
  std::size_t bytes = 0;
  while (bytes < output_bytes) {
    const std::uint8_t* data = nullptr;
    auto size = nghttp2_session_mem_send(session(), &data);
    if (size <= 0) break;
    buffer_->append({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    bytes += static_cast<std::size_t>(size);
  }
  Bytes out = buffer_->take();
  if (bytes > kept_bytes_max) buffer_.reset();
  return out;
}

bool H2Session::finished() const {
  return !nghttp2_session_want_read(session()) && !nghttp2_session_want_write(session());
}

void H2Session::reset(std::int32_t id, std::uint32_t code) {
  std::ignore = nghttp2_submit_rst_stream(session(), NGHTTP2_FLAG_NONE, id, code);
  output_.set();
}

void H2Session::resume(H2Stream& stream) {
  std::ignore = nghttp2_session_resume_data(session(), stream.id());
  output_.set();
}

void H2Session::refuse_rest(const H2Stream& stream) {
  bool ended = nghttp2_session_get_stream_local_close(session(), stream.id()) == 1;
  if (!stream.closed() && ended && !stream.remote_ended()) reset(stream.id(), NGHTTP2_NO_ERROR);
}

void H2Session::cut(const H2Stream& stream) {
  if (!stream.closed()) reset(stream.id(), NGHTTP2_CANCEL);
}

H2Stream* H2Session::stream_of_head(std::int32_t id) {
  if (std::exchange(head_id_, id) != id) head_stream_ = stream_of(id);
  return head_stream_;
}

H2Stream* H2Session::stream_of(std::int32_t id) const {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session(), id));
}

}  // namespace berth::http
