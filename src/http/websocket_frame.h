#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace berth::http {

/// What a frame is (RFC 6455 section 5.2). From `close` on they are control frames.
enum class WebSocketOpcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

using WebSocketMask = std::array<char, 4>;

/// What stands before a frame's payload.
struct WebSocketFrameHead {
  WebSocketOpcode opcode = WebSocketOpcode::text;
  bool final = true;
  bool compressed = false;  // RSV1 (RFC 7692 section 6)
  std::optional<WebSocketMask> mask;
  std::uint64_t length = 0;  // of the payload, in bytes

  bool control() const { return opcode >= WebSocketOpcode::close; }
};

constexpr std::size_t websocket_head_bytes_max = 14;
constexpr std::size_t websocket_control_bytes_max = 125;

/// How long the head is that begins with `begin`, of which two bytes at least are there.
std::size_t websocket_head_bytes(std::string_view begin);
/// Reads a head of exactly that length. invalid: reserved bits and opcodes, control frames that are
/// long or in parts, lengths that are not in their shortest form (section 5.2).
Result<WebSocketFrameHead> parse_websocket_head(std::string_view head);
void append_websocket_head(std::string& out, const WebSocketFrameHead& head);

/// XORs `size` bytes with the key (section 5.3), eight at a time; the first of them is byte
/// `offset` of the payload. Masks and unmasks.
void apply_websocket_mask(char* data, std::size_t size, WebSocketMask key, std::uint64_t offset);

/// True for the codes that may stand in a close frame (section 7.4 and IANA's list).
bool websocket_close_code_allowed(std::uint16_t code);

}  // namespace berth::http
