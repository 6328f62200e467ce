#include "http/websocket_handshake.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/base64.h"
#include "base/strings.h"
#include "http/h1_scan.h"

namespace berth::http {
namespace {

constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view deflate_name = "permessage-deflate";
constexpr std::string_view server_context = "server_no_context_takeover";
constexpr std::string_view client_context = "client_no_context_takeover";
constexpr std::string_view server_bits = "server_max_window_bits";
constexpr std::string_view client_bits = "client_max_window_bits";

Result<WebSocketExtension> read_extension(std::string_view text) {
  auto wrong = [] { return Error(Code::invalid, "a Sec-WebSocket-Extensions that is broken"); };
  WebSocketExtension extension;
  bool first = true;
  for (auto piece : split(text, ';')) {
    piece = trim(piece);
    if (std::exchange(first, false)) {
      extension.name = piece;
      if (!scan::is_token(piece)) return wrong();
      continue;
    }
    auto [name, value] = split_once(piece, '=').value_or(std::pair(piece, std::string_view()));
    name = trim(name);
    value = trim(value);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    bool good = scan::is_token(name) && (scan::is_token(value) || piece.find('=') == piece.npos);
    if (!good) return wrong();
    extension.parameters.emplace_back(name, value);
  }
  return extension;
}

/// 8 to 15, written without leading zeros (RFC 7692 section 7.1.2.1).
std::optional<int> window_bits(std::string_view value) {
  auto bits = parse_integer<int>(value, 8, 15);
  if (!bits.ok() || value.starts_with('0')) return std::nullopt;
  return *bits;
}

/// The parameters of permessage-deflate, each at most once; nothing if one is unknown or wrong.
struct Parameters {
  bool server_no_context = false;
  bool client_no_context = false;
  std::optional<int> server_window;
  bool client_window_named = false;
  std::optional<int> client_window;
};
std::optional<Parameters> read_parameters(const WebSocketExtension& extension) {
  Parameters found;
  auto once = [](bool& flag) { return !std::exchange(flag, true); };
  for (auto& [name, value] : extension.parameters) {
    bool good = false;
    if (name == server_context) {
      good = value.empty() && once(found.server_no_context);
    } else if (name == client_context) {
      good = value.empty() && once(found.client_no_context);
    } else if (name == server_bits) {
      good = !found.server_window && (found.server_window = window_bits(value));
    } else if (name == client_bits) {
      good = once(found.client_window_named) &&
             (value.empty() || (found.client_window = window_bits(value)));
    }
    if (!good) return std::nullopt;
  }
  return found;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  std::string text = std::string(key) + std::string(accept_suffix);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool websocket_key_allowed(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  return std::ranges::all_of(
      key.substr(0, 22), [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '/'; });
}

std::string websocket_key(std::string_view bytes) { return base64_encode(bytes); }

Result<std::vector<WebSocketExtension>> read_websocket_extensions(const Headers& headers) {
  std::vector<WebSocketExtension> all;
  for (auto& [name, value] : headers) {
    if (!equal_ignoring_case(name, "sec-websocket-extensions")) continue;
    for (auto element : split(value, ',')) all.push_back(TRY(read_extension(trim(element))));
  }
  return all;
}

std::optional<DeflateTerms> accept_deflate_offer(const std::vector<WebSocketExtension>& offers,
                                                 bool keep_context) {
  for (auto& offer : offers) {
    if (offer.name != deflate_name) continue;
    auto asked = read_parameters(offer);
    // zlib makes no raw stream with a window of 256 bytes.
    if (!asked || asked->server_window == 8) continue;
    return DeflateTerms{keep_context && !asked->server_no_context,
                        keep_context && !asked->client_no_context,
                        asked->server_window.value_or(15), 15};
  }
  return std::nullopt;
}

std::string deflate_answer(const DeflateTerms& terms) {
  std::string text(deflate_name);
  if (!terms.server_keeps_context) text.append("; ").append(server_context);
  if (!terms.client_keeps_context) text.append("; ").append(client_context);
  if (terms.server_window_bits < 15) {
    text.append("; ").append(server_bits) += "=" + std::to_string(terms.server_window_bits);
  }
  return text;
}

std::string deflate_offer(bool keep_context) {
  return deflate_answer({keep_context, keep_context});
}

Result<std::optional<DeflateTerms>> read_deflate_answer(
    const std::vector<WebSocketExtension>& answer, bool offered, bool keep_context) {
  if (answer.empty()) return std::optional<DeflateTerms>();
  auto given = answer.size() == 1 && offered && answer[0].name == deflate_name
                   ? read_parameters(answer[0])
                   : std::nullopt;
  // client_max_window_bits may be answered only where it was offered, which it was not.
  bool good = given && !given->client_window_named && (keep_context || given->server_no_context);
  if (!good)
    return Error(Code::invalid, "the peer wants WebSocket extensions that were not offered");
  return std::optional(DeflateTerms{!given->server_no_context,
                                    keep_context && !given->client_no_context,
                                    given->server_window.value_or(15), 15});
}

}  // namespace berth::http
