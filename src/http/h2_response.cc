#include "http/h2_response.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/strings.h"
#include "http/h1_writer.h"

namespace berth::http {
namespace {

constexpr std::array<std::string_view, 5> connection_fields{
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

nghttp2_nv field_of(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

void submit_trailers(nghttp2_session* session, H2Stream& stream) {
  std::vector<nghttp2_nv> fields;
  for (auto& [name, value] : stream.trailers_out) {
    name = lower(name);
    if (writable_value(value)) fields.push_back(field_of(name, value));
  }
  std::ignore = nghttp2_submit_trailer(session, stream.id(), fields.data(), fields.size());
}

ssize_t read_content(nghttp2_session* session, std::int32_t, std::uint8_t* to, std::size_t room,
                     std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& stream = *static_cast<H2Stream*>(source->ptr);
  auto sent = stream.take_out(reinterpret_cast<char*>(to), room);
  if (sent.bytes == 0 && !sent.end) return NGHTTP2_ERR_DEFERRED;
  if (sent.end) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (sent.end && !stream.trailers_out.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    submit_trailers(session, stream);
  }
  return static_cast<ssize_t>(sent.bytes);
}

}  // namespace

H2Response::H2Response(const ServerResponse& response, std::string_view date) {
  fields_.reserve(response.headers.size() + 3);
  add(":status", keep(std::to_string(response.status)));
  bool length_known = !may_have_content(response.status);  // RFC 9110 section 8.6
  bool dated = false;
  for (auto& [name, value] : response.headers) {
    bool small = std::ranges::none_of(name.view(), [](char c) { return c >= 'A' && c <= 'Z'; });
    std::string_view written = small ? name.view() : keep(lower(name));
    bool of_connection = std::ranges::find(connection_fields, written) != connection_fields.end();
    if (of_connection || !writable_value(value)) continue;
    length_known = length_known || written == "content-length";
    dated = dated || written == "date";
    add(written, value);
  }
  if (!dated) add("date", date);
  auto length = response.body.source ? response.body.length
                                     : std::optional<std::uint64_t>(response.body.text.size());
  if (!length_known && length) add("content-length", keep(std::to_string(*length)));
}

void H2Response::add(std::string_view name, std::string_view value) {
  fields_.push_back(field_of(name, value));
}

void submit_h2_response(nghttp2_session* session, H2Stream& stream, const H2Response& response,
                        bool with_content) {
  nghttp2_data_provider content{{.ptr = &stream}, read_content};
  auto& fields = response.fields();
  std::ignore = nghttp2_submit_response(session, stream.id(), fields.data(), fields.size(),
                                        with_content ? &content : nullptr);
}

void submit_h2_continue(nghttp2_session* session, std::int32_t id) {
  nghttp2_nv status = field_of(":status", "100");
  std::ignore =
      nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id, nullptr, &status, 1, nullptr);
}

}  // namespace berth::http
