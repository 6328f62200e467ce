#include "storage/rocks_codec.h"

#include "base/varint.h"

namespace berth::storage::rocks {
namespace {

enum : char { has_before = 1, has_after = 2 };

std::string numbered_key(char kind, std::uint64_t number) {
  std::string key(1, kind);
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

Error damaged(const char* what) {
  return {Code::io, std::string("the store holds ") + what +
                        " that cannot be read; restore the folder from a backup"};
}

void append_sized(std::string& out, std::string_view bytes) {
  append_varint(out, bytes.size());
  out += bytes;
}

Result<std::uint64_t> take_number(std::string_view& bytes) {
  auto number = take_varint(bytes);
  if (!number) return damaged("a number");
  return *number;
}

Result<std::string_view> take_sized(std::string_view& bytes) {
  std::size_t size = TRY(take_number(bytes));
  if (size > bytes.size()) return damaged("a length");
  std::string_view taken = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return taken;
}

void append_changed(std::string& out, const Changed& change) {
  append_sized(out, change.key);
  out += static_cast<char>((change.before ? has_before : 0) | (change.after ? has_after : 0));
  if (change.before) append_sized(out, encode_entry(*change.before));
  if (change.after) append_sized(out, encode_entry(*change.after));
}

Result<Changed> take_changed(std::string_view& bytes) {
  Changed change;
  change.key = TRY(take_sized(bytes));
  if (bytes.empty()) return damaged("a record");
  char parts = bytes.front();
  bytes.remove_prefix(1);
  if (parts < has_before || parts > (has_before | has_after)) return damaged("a record");
  if (parts & has_before) change.before = TRY(decode_entry(change.key, TRY(take_sized(bytes))));
  if (parts & has_after) change.after = TRY(decode_entry(change.key, TRY(take_sized(bytes))));
  return change;
}

}  // namespace

std::string entry_key(std::string_view key) { return "e" + std::string(key); }
std::string log_key(Revision revision) { return numbered_key('l', revision); }
std::string lease_key(LeaseId lease) { return numbered_key('t', lease); }
std::string lease_entry_key(LeaseId lease, std::string_view key) {
  return numbered_key('k', lease) += key;
}

Result<std::uint64_t> number_of(std::string_view key) {
  if (key.size() != 9) return damaged("a key");
  std::uint64_t number = 0;
  for (char byte : key.substr(1)) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string encode_number(std::uint64_t number) {
  std::string out;
  append_varint(out, number);
  return out;
}

std::string encode_entry(const Entry& entry) {
  std::string out;
  append_varint(out, entry.created);
  append_varint(out, entry.changed);
  append_varint(out, entry.lease);
  return out += entry.value;
}

std::string encode_record(const Record& record) {
  std::string out;
  append_varint(out, record.position);
  append_varint(out, record.committed.changes.size());
  for (auto& change : record.committed.changes) append_changed(out, change);
  return out;
}

Result<std::uint64_t> decode_number(std::string_view bytes) {
  std::uint64_t number = TRY(take_number(bytes));
  if (!bytes.empty()) return damaged("a number");
  return number;
}

Result<Entry> decode_entry(std::string_view key, std::string_view bytes) {
  Entry entry;
  entry.key = key;
  entry.created = TRY(take_number(bytes));
  entry.changed = TRY(take_number(bytes));
  entry.lease = TRY(take_number(bytes));
  entry.value = bytes;
  return entry;
}

Result<Record> decode_record(Revision revision, std::string_view bytes) {
  Record record;
  record.position = TRY(take_number(bytes));
  record.committed.revision = revision;
  std::uint64_t count = TRY(take_number(bytes));
  for (std::uint64_t i = 0; i < count; ++i) {
    record.committed.changes.push_back(TRY(take_changed(bytes)));
  }
  if (!bytes.empty()) return damaged("a record");
  return record;
}

Result<std::uint64_t> decode_position(std::string_view bytes) { return take_number(bytes); }

}  // namespace berth::storage::rocks
