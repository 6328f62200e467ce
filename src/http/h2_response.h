#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "http/h2_stream.h"
#include "http/server.h"

namespace berth::http {

/// The head of an answer as nghttp2 takes it: names in small letters, without the fields that
/// HTTP/1.1 has for the connection (RFC 9113 section 8.2.2). Its views live as long as `response`
/// and `date`.
class H2Response {
 public:
  H2Response(const ServerResponse& response, std::string_view date);
  const std::vector<nghttp2_nv>& fields() const { return fields_; }

 private:
  void add(std::string_view name, std::string_view value);
  std::string_view keep(std::string text) { return kept_.emplace_front(std::move(text)); }

  std::forward_list<std::string> kept_;
  std::vector<nghttp2_nv> fields_;
};

/// Hands the answer's head to nghttp2, and `stream` as the source of its content and trailers.
void submit_h2_response(nghttp2_session* session, H2Stream& stream, const H2Response& response,
                        bool with_content);
/// 100 Continue.
void submit_h2_continue(nghttp2_session* session, std::int32_t id);

}  // namespace berth::http
