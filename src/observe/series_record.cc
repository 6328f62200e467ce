#include "observe/series_record.h"

#include <bit>
#include <cstring>

#include "base/sealed.h"
#include "base/varint.h"

namespace berth::observe {
namespace {

constexpr std::size_t body_bytes_max = 1 << 20;

std::optional<SeriesRecord> read_definition(SeriesRecord record, std::string_view body) {
  if (body.empty() || body[0] > 2) return std::nullopt;
  auto kind = static_cast<SeriesKind>(body[0]);
  body.remove_prefix(1);
  SeriesKey key;
  auto name = take_sized(body);
  auto count = take_varint(body);
  if (!name || !count || *count > 100) return std::nullopt;
  key.name = *name;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto label = take_sized(body);
    auto value = label ? take_sized(body) : std::nullopt;
    if (!value) return std::nullopt;
    key.labels.emplace(*label, *value);
  }
  record.definition.emplace(std::move(key), kind);
  return record;
}

std::optional<SeriesRecord> read_body(std::string_view body) {
  if (body.empty()) return std::nullopt;
  char type = body[0];
  body.remove_prefix(1);
  auto id = take_varint(body);
  if (!id) return std::nullopt;
  SeriesRecord record;
  record.id = *id;
  if (type == 'd') return read_definition(std::move(record), body);
  auto second = take_varint(body);
  if (!second) return std::nullopt;
  record.point.second = static_cast<std::int64_t>(*second);
  if (type == 'h') {
    record.point.histogram = body;
    return record;
  }
  if (type != 'v' || body.size() != 8) return std::nullopt;
  std::memcpy(&record.point.value, body.data(), 8);
  return record;
}

}  // namespace

void append_record(std::string& out, const SeriesRecord& record) {
  std::string body;
  if (record.definition) {
    auto& [key, kind] = *record.definition;
    body += 'd';
    append_varint(body, record.id);
    body += static_cast<char>(kind);
    append_sized(body, key.name);
    append_varint(body, key.labels.size());
    for (auto& [label, value] : key.labels) {
      append_sized(body, label);
      append_sized(body, value);
    }
  } else {
    bool histogram = !record.point.histogram.empty();
    body += histogram ? 'h' : 'v';
    append_varint(body, record.id);
    append_varint(body, static_cast<std::uint64_t>(record.point.second));
    if (histogram) {
      body += record.point.histogram;
    } else {
      body.append(reinterpret_cast<const char*>(&record.point.value), 8);
    }
  }
  append_sealed(out, body);
}

std::optional<SeriesRecord> take_record(std::string_view& text) {
  std::string_view rest = text;
  auto body = take_sealed(rest, body_bytes_max);
  if (!body) return std::nullopt;
  auto record = read_body(*body);
  if (record) text = rest;
  return record;
}

}  // namespace berth::observe
