#include "bus/record.h"

#include "base/hash.h"
#include "base/id.h"
#include "bus/fields.h"

namespace berth::bus {
namespace {

Error wrong(std::string_view what) {
  return Error(Code::invalid,
               "a record is not " + std::string(what) + " that this version of Berth can read");
}

FieldReader fields_of(std::string_view payload) {
  return {payload.empty() ? payload : payload.substr(1)};
}

}  // namespace

RecordKind kind_of(std::string_view payload) {
  return static_cast<RecordKind>(payload.empty() ? 0 : payload[0]);
}

std::string encode_head(const MessageRecord& record) {
  std::string out;
  out.reserve(64 + record.topic.size() + record.content_type.size() + record.service.size());
  out += static_cast<char>(record.service.empty() ? RecordKind::message : RecordKind::again);
  append_text(out, record.id);
  append_time(out, record.published);
  append_text(out, record.topic);
  append_text(out, record.content_type);
  if (!record.service.empty()) {
    append_text(out, record.service);
    append_varint(out, record.replaces);
  }
  return out;
}

std::string encode_head(const LetterRecord& record) {
  std::string out(1, static_cast<char>(RecordKind::letter));
  append_text(out, record.delivery);
  append_text(out, record.message);
  append_varint(out, record.sequence);
  append_text(out, record.topic);
  append_text(out, record.service);
  append_text(out, record.path);
  append_time(out, record.published);
  append_time(out, record.died);
  append_varint(out, record.attempts);
  append_text(out, record.why);
  append_text(out, record.content_type);
  return out;
}

std::string encode(const GoneRecord& record) {
  std::string out(1, static_cast<char>(RecordKind::gone));
  append_text(out, record.topic);
  append_text(out, record.delivery);
  append_varint(out, record.sequence);
  return out;
}

Result<MessageRecord> decode_message(std::string_view payload) {
  RecordKind kind = kind_of(payload);
  FieldReader fields = fields_of(payload);
  MessageRecord record;
  record.id = fields.text();
  record.published = fields.time();
  record.topic = fields.text();
  record.content_type = fields.text();
  if (kind == RecordKind::again) {
    record.service = fields.text();
    record.replaces = fields.number();
    fields.good = fields.good && !record.service.empty();
  }
  record.body = fields.left;
  bool known = kind == RecordKind::message || kind == RecordKind::again;
  if (!known || !fields.good) return wrong("a message");
  return record;
}

Result<LetterRecord> decode_letter(std::string_view payload) {
  FieldReader fields = fields_of(payload);
  LetterRecord record;
  record.delivery = fields.text();
  record.message = fields.text();
  record.sequence = fields.number();
  record.topic = fields.text();
  record.service = fields.text();
  record.path = fields.text();
  record.published = fields.time();
  record.died = fields.time();
  record.attempts = static_cast<std::uint32_t>(fields.number());
  record.why = fields.text();
  record.content_type = fields.text();
  record.body = fields.left;
  if (kind_of(payload) != RecordKind::letter || !fields.good) return wrong("a dead letter");
  return record;
}

Result<GoneRecord> decode_gone(std::string_view payload) {
  FieldReader fields = fields_of(payload);
  GoneRecord record;
  record.topic = fields.text();
  record.delivery = fields.text();
  record.sequence = fields.number();
  if (kind_of(payload) != RecordKind::gone || !fields.good || !fields.left.empty()) {
    return wrong("a note of a letter sent again");
  }
  return record;
}

std::string delivery_id(std::string_view message, WallTime published, std::string_view service) {
  std::uint64_t high = hash64(service, hash64(message));
  return make_id(published, high, hash64(service, high));
}

}  // namespace berth::bus
