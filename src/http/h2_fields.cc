#include "http/h2_fields.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/strings.h"
#include "http/h1_writer.h"
#include "http/h2_stream.h"

namespace berth::http {
namespace {

constexpr std::array<std::string_view, 5> connection_fields{
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

void submit_trailers(nghttp2_session* session, H2Stream& stream) {
  H2Fields fields;
  for (auto& [name, value] : stream.trailers_out) fields.add_header(name, value);
  std::ignore = nghttp2_submit_trailer(session, stream.id(), fields.data(), fields.size());
}

ssize_t read_content(nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t room,
                     std::uint32_t* flags, nghttp2_data_source*, void*) {
  auto* stream = static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  // Its owner has let go of it: a reset is on its way, or nothing is left but our end.
  if (!stream) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 0;
  }
  auto sent = stream->take_out(reinterpret_cast<char*>(to), room);
  if (sent.bytes == 0 && !sent.end) return NGHTTP2_ERR_DEFERRED;
  if (sent.end) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (sent.end && !stream->trailers_out.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    submit_trailers(session, *stream);
  }
  return static_cast<ssize_t>(sent.bytes);
}

}  // namespace

void H2Fields::add(std::string_view name, std::string_view value) {
  list_.push_back(
      {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

bool H2Fields::add_header(std::string_view name, std::string_view value) {
  bool small = std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
  std::string_view written = small ? name : keep(lower(name));
  bool of_connection = std::ranges::find(connection_fields, written) != connection_fields.end() ||
                       (written == "te" && value != "trailers");
  if (of_connection || written.starts_with(':') || !writable_value(value)) return false;
  add(written, value);
  return true;
}

nghttp2_data_provider content_of_stream() { return {{.ptr = nullptr}, read_content}; }

}  // namespace berth::http
