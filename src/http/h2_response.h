#pragma once

#include <string_view>

#include "http/h2_session.h"
#include "http/server.h"

namespace berth::http {

/// Hands the head of an answer to nghttp2, with `date` if it tells none, and `stream` as the source
/// of its content and trailers.
void submit_h2_response(nghttp2_session* session, H2Stream& stream, const ServerResponse& response,
                        std::string_view date, bool with_content);
/// 100 Continue.
void submit_h2_continue(nghttp2_session* session, std::int32_t id);

}  // namespace berth::http
