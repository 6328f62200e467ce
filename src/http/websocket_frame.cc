#include "http/websocket_frame.h"

#include <cstring>

namespace berth::http {
namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned compressed_bit = 0x40;
constexpr unsigned reserved_bits = 0x30;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_of_16_bits = 126;
constexpr unsigned length_of_64_bits = 127;

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

std::size_t length_bytes(std::string_view begin) {
  unsigned length = byte_at(begin, 1) & ~mask_bit;
  return length == length_of_16_bits ? 2 : length == length_of_64_bits ? 8 : 0;
}

Result<std::uint64_t> read_length(std::string_view head) {
  std::size_t bytes = length_bytes(head);
  if (bytes == 0) return byte_at(head, 1) & ~mask_bit;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < bytes; ++i) length = length << 8 | byte_at(head, 2 + i);
  bool shortest = bytes == 2 ? length >= length_of_16_bits : length > 0xffff;
  if (!shortest) return Error(Code::invalid, "a frame's length that is not in its shortest form");
  if (length >> 63) return Error(Code::invalid, "a frame's length above 63 bits");
  return length;
}

}  // namespace

std::size_t websocket_head_bytes(std::string_view begin) {
  bool masked = byte_at(begin, 1) & mask_bit;
  return 2 + length_bytes(begin) + (masked ? sizeof(WebSocketMask) : 0);
}

Result<WebSocketFrameHead> parse_websocket_head(std::string_view text) {
  WebSocketFrameHead head;
  unsigned first = byte_at(text, 0);
  if (first & reserved_bits) return Error(Code::invalid, "a frame with a reserved bit set");
  unsigned opcode = first & 0xf;
  if ((opcode > 2 && opcode < 8) || opcode > 10) {
    return Error(Code::invalid, "a frame with the reserved opcode " + std::to_string(opcode));
  }
  head.opcode = static_cast<WebSocketOpcode>(opcode);
  head.final = first & final_bit;
  head.compressed = first & compressed_bit;
  head.length = TRY(read_length(text));
  if (head.control() && (!head.final || head.length > websocket_control_bytes_max)) {
    return Error(Code::invalid, "a control frame that is in parts or longer than 125 bytes");
  }
  if (byte_at(text, 1) & mask_bit) {
    head.mask.emplace();
    std::memcpy(head.mask->data(), text.data() + text.size() - sizeof(WebSocketMask),
                sizeof(WebSocketMask));
  }
  return head;
}

void append_websocket_head(std::string& out, const WebSocketFrameHead& head) {
  out += static_cast<char>((head.final ? final_bit : 0) | (head.compressed ? compressed_bit : 0) |
                           static_cast<unsigned>(head.opcode));
  unsigned mask = head.mask ? mask_bit : 0;
  int bytes = head.length < length_of_16_bits ? 0 : head.length <= 0xffff ? 2 : 8;
  unsigned length = bytes == 0   ? static_cast<unsigned>(head.length)
                    : bytes == 2 ? length_of_16_bits
                                 : length_of_64_bits;
  out += static_cast<char>(mask | length);
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(head.length >> (8 * i));
  if (head.mask) out.append(head.mask->data(), head.mask->size());
}

void apply_websocket_mask(char* data, std::size_t size, WebSocketMask key, std::uint64_t offset) {
  std::array<char, 8> turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % key.size()];
  std::uint64_t mask;
  std::memcpy(&mask, turned.data(), sizeof mask);
  std::size_t at = 0;
  for (; at + sizeof mask <= size; at += sizeof mask) {
    std::uint64_t word;
    std::memcpy(&word, data + at, sizeof word);
    word ^= mask;
    std::memcpy(data + at, &word, sizeof word);
  }
  for (; at < size; ++at) data[at] = static_cast<char>(data[at] ^ turned[at % turned.size()]);
}

bool websocket_close_code_allowed(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

}  // namespace berth::http
