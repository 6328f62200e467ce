#include "http/websocket_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/utf8.h"

namespace berth::http {

WebSocketDecoder::WebSocketDecoder(WebSocketSide side, const std::optional<DeflateTerms>& terms,
                                   WebSocketLimits limits)
    : side_(side), limits_(limits) {
  if (!terms) return;
  bool peer_is_client = side == WebSocketSide::server;
  inflater_ = std::make_unique<MessageInflater>(peer_is_client ? terms->client_keeps_context
                                                               : terms->server_keeps_context);
}

Error WebSocketDecoder::fault(std::uint16_t code, std::string what) {
  fault_code_ = code;
  return Error(code == close_code::too_big ? Code::overloaded : Code::invalid, std::move(what));
}

Result<std::optional<WebSocketEvent>> WebSocketDecoder::next() {
  for (;;) {
    if (!in_payload_) {
      if (!TRY(take_head())) return std::optional<WebSocketEvent>();
      in_payload_ = true;
      payload_taken_ = 0;
    }
    take_payload();
    if (payload_taken_ < head_.length) return std::optional<WebSocketEvent>();
    in_payload_ = false;
    auto event = TRY(end_frame());
    if (event) return event;
  }
}

Result<bool> WebSocketDecoder::take_head() {
  for (;;) {
    std::string_view so_far(head_bytes_.data(), head_size_);
    std::size_t size = head_size_ < 2 ? 2 : websocket_head_bytes(so_far);
    if (size == head_size_) break;
    std::size_t part = std::min(size - head_size_, input_.size());
    if (part == 0) return false;
    std::memcpy(head_bytes_.data() + head_size_, input_.data(), part);
    head_size_ += part;
    input_.remove_prefix(part);
  }
  std::string_view whole(head_bytes_.data(), std::exchange(head_size_, 0));
  head_ = TRY(parse_websocket_head(whole));
  TRY(check_head());
  TRY(check_length());
  if (head_.control()) {
    control_.clear();
  } else if (head_.opcode != WebSocketOpcode::continuation) {
    in_message_ = true;
    message_opcode_ = head_.opcode;
    message_compressed_ = head_.compressed;
    message_.clear();
  }
  return true;
}

Result<void> WebSocketDecoder::check_head() const {
  auto wrong = [](const char* what) { return Error(Code::invalid, what); };
  if (side_ == WebSocketSide::server && !head_.mask) {
    return wrong("a client's frame without a mask");
  }
  if (side_ == WebSocketSide::client && head_.mask) return wrong("a server's frame with a mask");
  bool begins = head_.opcode == WebSocketOpcode::text || head_.opcode == WebSocketOpcode::binary;
  if (head_.compressed && (!inflater_ || !begins)) {
    return wrong("a compressed frame where none may be");
  }
  if (begins && in_message_) return wrong("a new message within another");
  if (head_.opcode == WebSocketOpcode::continuation && !in_message_) {
    return wrong("the continuation of no message");
  }
  return {};
}

Result<void> WebSocketDecoder::check_length() {
  if (head_.control()) return {};
  if (head_.length > limits_.frame_bytes_max) {
    return fault(close_code::too_big,
                 "a frame longer than " + std::to_string(limits_.frame_bytes_max) + " bytes");
  }
  bool goes_on = head_.opcode == WebSocketOpcode::continuation;
  std::uint64_t length = head_.length + (goes_on ? message_.size() : 0);
  std::uint64_t most = limits_.message_bytes_max;
  // What cannot be compressed gets a little longer by it.
  if (goes_on ? message_compressed_ : head_.compressed) most += most / 1024 + 64;
  if (length <= most) return {};
  return fault(close_code::too_big,
               "a message longer than " + std::to_string(limits_.message_bytes_max) + " bytes");
}

void WebSocketDecoder::take_payload() {
  std::string& to = head_.control() ? control_ : message_;
  auto part = static_cast<std::size_t>(
      std::min<std::uint64_t>(head_.length - payload_taken_, input_.size()));
  std::size_t before = to.size();
  to.append(input_.data(), part);
  if (head_.mask) {
    apply_websocket_mask(to.data() + before, part, *head_.mask, payload_taken_);
  }
  payload_taken_ += part;
  input_.remove_prefix(part);
}

Result<std::optional<WebSocketEvent>> WebSocketDecoder::end_frame() {
  std::optional<WebSocketEvent> event;
  if (head_.opcode == WebSocketOpcode::close) {
    event = TRY(end_close());
  } else if (head_.control()) {
    event = WebSocketEvent{head_.opcode, std::move(control_)};
  } else if (head_.final) {
    event = TRY(end_message());
  }
  return event;
}

Result<WebSocketEvent> WebSocketDecoder::end_message() {
  in_message_ = false;
  std::string message = std::exchange(message_, std::string());
  if (message_compressed_) {
    auto inflated = inflater_->inflate(std::move(message), limits_.message_bytes_max);
    if (!inflated.ok()) {
      fault_code_ =
          inflated.error().is(Code::overloaded) ? close_code::too_big : close_code::not_utf8;
      return std::move(inflated).error();
    }
    message = std::move(*inflated);
  }
  if (message_opcode_ == WebSocketOpcode::text && !is_utf8(message)) {
    return fault(close_code::not_utf8, "a text message that is not UTF-8");
  }
  return WebSocketEvent{message_opcode_, std::move(message)};
}

Result<WebSocketEvent> WebSocketDecoder::end_close() {
  if (control_.empty()) return WebSocketEvent{WebSocketOpcode::close, {}, close_code::none_given};
  if (control_.size() == 1) {
    return fault(close_code::protocol_error, "a close frame with half a code");
  }
  auto code = static_cast<std::uint16_t>(static_cast<unsigned char>(control_[0]) << 8 |
                                         static_cast<unsigned char>(control_[1]));
  if (!websocket_close_code_allowed(code)) {
    return fault(close_code::protocol_error, "a close frame with the code " + std::to_string(code) +
                                                 ", which is not to be sent");
  }
  std::string reason = control_.substr(2);
  if (!is_utf8(reason)) return fault(close_code::not_utf8, "a reason that is not UTF-8");
  return WebSocketEvent{WebSocketOpcode::close, std::move(reason), code};
}

}  // namespace berth::http
