#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace berth::bus {

// The payloads of the records in the two logs: docs/formats/bus.md, "Records".

/// A published message, or one that is delivered again to one service.
struct MessageRecord {
  std::string_view id;
  WallTime published{};
  std::string_view topic;
  std::string_view content_type;
  std::string_view service;  // empty: all that are subscribed
  std::uint64_t replaces =
      0;  // with a service: the sequence of the record that became a dead letter
  std::string_view body;
};

/// A delivery that was given up.
struct LetterRecord {
  std::string_view delivery;
  std::string_view message;
  std::uint64_t sequence = 0;  // of the message's record
  std::string_view topic;
  std::string_view service;
  std::string_view path;
  WallTime published{};
  WallTime died{};
  std::uint32_t attempts = 0;
  std::string_view why;
  std::string_view content_type;
  std::string_view body;
};

/// A dead letter that was sent again.
struct GoneRecord {
  std::string_view topic;
  std::string_view delivery;
  std::uint64_t sequence = 0;  // of the letter
};

enum class RecordKind : std::uint8_t { message = 1, again = 2, letter = 3, gone = 4 };
/// Of a payload; any number.
RecordKind kind_of(std::string_view payload);

/// Everything but the body, which follows it.
std::string encode_head(const MessageRecord& record);
std::string encode_head(const LetterRecord& record);
std::string encode(const GoneRecord& record);

/// The views point into `payload`. invalid: not such a record.
Result<MessageRecord> decode_message(std::string_view payload);
Result<LetterRecord> decode_letter(std::string_view payload);
Result<GoneRecord> decode_gone(std::string_view payload);

/// The id of one message's delivery to one service: stable, and safe in a URL.
std::string delivery_id(std::string_view message, WallTime published, std::string_view service);

}  // namespace berth::bus
