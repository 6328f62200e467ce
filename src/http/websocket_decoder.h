#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "http/websocket_deflate.h"
#include "http/websocket_frame.h"

namespace berth::http {

enum class WebSocketSide : std::uint8_t { server, client };

/// Codes of close frames that this code gives (RFC 6455 section 7.4.1).
namespace close_code {
constexpr std::uint16_t normal = 1000;
constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t none_given = 1005;  // never sent: the peer's close frame was empty
constexpr std::uint16_t abnormal = 1006;    // never sent: there was no close frame
constexpr std::uint16_t not_utf8 = 1007;
constexpr std::uint16_t policy = 1008;
constexpr std::uint16_t too_big = 1009;
constexpr std::uint16_t internal_error = 1011;
}  // namespace close_code

struct WebSocketLimits {
  std::size_t frame_bytes_max = 1 << 20;    // one frame's payload on the wire; beyond: 1009
  std::size_t message_bytes_max = 1 << 20;  // all of a message's frames, and inflated; beyond: 1009
};

/// A message that is whole, or a control frame.
struct WebSocketEvent {
  WebSocketOpcode opcode = WebSocketOpcode::text;
  std::string payload;           // of close: the reason
  std::uint16_t close_code = 0;  // of close
};

/// Reads what one side of a WebSocket receives, without I/O: frames in any cut become messages,
/// with control frames between the parts of a message (RFC 6455 section 5.4). Holds the bytes of
/// one message at most. After an error, `fault_code` is what to fail the connection with (section
/// 7.1.7); the decoder is of no more use.
class WebSocketDecoder {
 public:
  /// `terms`: none if permessage-deflate was not agreed on.
  WebSocketDecoder(WebSocketSide side, const std::optional<DeflateTerms>& terms,
                   WebSocketLimits limits);

  /// More of what was received; once next() has answered that it needs it.
  void feed(Bytes bytes) { input_ = std::move(bytes); }
  /// The next event; nothing: more bytes are needed.
  Result<std::optional<WebSocketEvent>> next();
  std::uint16_t fault_code() const { return fault_code_; }

 private:
  Error fault(std::uint16_t code, std::string what);
  /// False: more bytes are needed.
  Result<bool> take_head();
  Result<void> check_head() const;
  Result<void> check_length();
  void take_payload();
  Result<std::optional<WebSocketEvent>> end_frame();
  Result<WebSocketEvent> end_message();
  Result<WebSocketEvent> end_close();

  WebSocketSide side_;
  WebSocketLimits limits_;
  std::unique_ptr<MessageInflater> inflater_;
  Bytes input_;

  std::array<char, websocket_head_bytes_max> head_bytes_{};
  std::size_t head_size_ = 0;
  WebSocketFrameHead head_;
  bool in_payload_ = false;
  std::uint64_t payload_taken_ = 0;

  bool in_message_ = false;
  WebSocketOpcode message_opcode_ = WebSocketOpcode::text;
  bool message_compressed_ = false;
  std::string message_;
  std::string control_;
  std::uint16_t fault_code_ = close_code::protocol_error;
};

}  // namespace berth::http
