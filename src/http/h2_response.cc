#include "http/h2_response.h"

#include <tuple>

#include "base/strings.h"
#include "http/h2_fields.h"

namespace berth::http {

void submit_h2_response(nghttp2_session* session, H2Stream& stream, const ServerResponse& response,
                        std::string_view date, bool with_content) {
  H2Fields fields;
  fields.reserve(response.headers.size() + 3);
  fields.add(":status", std::to_string(response.status));
  // RFC 9110 section 8.6, and 9.3.6 for a tunnel.
  bool length_known = !may_have_content(response.status) || response.upgraded;
  bool dated = false;
  for (auto& [name, value] : response.headers) {
    if (!fields.add_header(name.view(), value.view())) continue;
    length_known = length_known || equal_ignoring_case(name.view(), "content-length");
    dated = dated || equal_ignoring_case(name.view(), "date");
  }
  if (!dated) fields.add("date", date);
  auto length = response.body.source ? response.body.length
                                     : std::optional<std::uint64_t>(response.body.text.size());
  if (!length_known && length) fields.add("content-length", std::to_string(*length));
  nghttp2_data_provider content = content_of_stream();
  std::ignore = nghttp2_submit_response(session, stream.id(), fields.data(), fields.size(),
                                        with_content ? &content : nullptr);
}

void submit_h2_continue(nghttp2_session* session, std::int32_t id) {
  H2Fields status;
  status.add(":status", std::string_view("100"));
  std::ignore = nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id, nullptr, status.data(),
                                       status.size(), nullptr);
}

}  // namespace berth::http
