#pragma once

#include <string>
#include <string_view>

#include "observe/parse/grok.h"
#include "observe/parse/haproxy_line.h"

namespace berth::observe {

/// What the general way gives for a line: its fields as JSON, or "no match".
inline std::string haproxy_by_grok(std::string_view line, FieldNames names) {
  static const auto made = [](FieldNames of, const char* pattern) {
    return Grok::compile(PatternSet::core(of), pattern).value();
  };
  static const Grok http[] = {made(FieldNames::legacy, "\\A%{HAPROXYHTTP}"),
                              made(FieldNames::ecs, "\\A%{HAPROXYHTTP}")};
  static const Grok tcp[] = {made(FieldNames::legacy, "\\A%{HAPROXYTCP}"),
                             made(FieldNames::ecs, "\\A%{HAPROXYTCP}")};
  auto which = static_cast<std::size_t>(names);
  Record record;
  bool found = http[which].match(line, record) || tcp[which].match(line, record);
  return found ? record.json().text() : "no match";
}

/// What the fast path gives.
inline std::string haproxy_fast(std::string_view line, FieldNames names) {
  HaproxyLine read;
  if (!read_haproxy_line(line, read)) return "no match";
  Record record;
  read.add_fields(record, names);
  return record.json().text();
}

}  // namespace berth::observe
