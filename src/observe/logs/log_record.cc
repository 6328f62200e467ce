#include "observe/logs/log_record.h"

#include <cstring>

#include "base/varint.h"

namespace berth::observe {

std::string line_log_begin(std::uint64_t first_sequence) {
  std::string out(line_log_magic);
  out.append(reinterpret_cast<const char*>(&first_sequence), sizeof first_sequence);
  return out;
}

void append_line(std::string& body, const StoredLine& line) {
  body.append(reinterpret_cast<const char*>(&line.time.nanoseconds), sizeof(std::int64_t));
  body += static_cast<char>(line.level);
  append_sized(body, line.host);
  append_sized(body, line.service);
  append_sized(body, line.instance);
  append_sized(body, line.text);
  append_varint(body, line.fields.size());
  for (auto& [name, value] : line.fields) {
    append_sized(body, name);
    append_sized(body, value);
  }
}

bool take_lines(std::string_view body, LineBatch& batch) {
  std::vector<LogLineField> fields;
  while (!body.empty()) {
    StoredLine line;
    if (body.size() < sizeof(std::int64_t) + 1) return false;
    std::memcpy(&line.time.nanoseconds, body.data(), sizeof(std::int64_t));
    auto level = static_cast<std::uint8_t>(body[sizeof(std::int64_t)]);
    if (level > 3) return false;
    line.level = static_cast<LogLevel>(level);
    body.remove_prefix(sizeof(std::int64_t) + 1);
    for (std::string_view* each : {&line.host, &line.service, &line.instance, &line.text}) {
      auto text = take_sized(body);
      if (!text) return false;
      *each = *text;
    }
    auto count = take_varint(body);
    if (!count || *count > body.size()) return false;
    fields.clear();
    for (std::uint64_t i = 0; i < *count; ++i) {
      auto name = take_sized(body);
      auto value = name ? take_sized(body) : std::nullopt;
      if (!value) return false;
      fields.push_back({*name, *value});
    }
    line.fields = fields;
    batch.add(line);
  }
  return true;
}

}  // namespace berth::observe
