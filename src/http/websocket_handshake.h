#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "http/websocket_deflate.h"

namespace berth::http {

/// What the accepting side makes of Sec-WebSocket-Key (RFC 6455 section 4.2.2).
std::string websocket_accept(std::string_view key);
/// True for 16 bytes in base64.
bool websocket_key_allowed(std::string_view key);
/// A key of 16 bytes, in base64.
std::string websocket_key(std::string_view bytes);

/// An element of Sec-WebSocket-Extensions (section 9.1): "name; parameter; parameter=value".
struct WebSocketExtension {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;  // value: "" if none
};
/// All elements of all fields, in order; invalid where they are not written as they must be. The
/// views point into `headers`.
Result<std::vector<WebSocketExtension>> read_websocket_extensions(const Headers& headers);

/// The server's choice: the first offer of permessage-deflate that it can keep (RFC 7692 section
/// 5). `keep_context`: what it would like for both sides.
std::optional<DeflateTerms> accept_deflate_offer(const std::vector<WebSocketExtension>& offers,
                                                 bool keep_context);
/// What the server answers for these terms.
std::string deflate_answer(const DeflateTerms& terms);

/// What a client offers.
std::string deflate_offer(bool keep_context);
/// What the server has answered to that offer; nothing: no compression. invalid: an extension that
/// was not offered, or terms that this side cannot keep: the connection must fail (RFC 7692 5.1).
Result<std::optional<DeflateTerms>> read_deflate_answer(
    const std::vector<WebSocketExtension>& answer, bool offered, bool keep_context);

}  // namespace berth::http
