#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/time.h"

namespace berth::observe {

struct LogLineField {
  std::string_view name;
  std::string_view value;
};

/// One line as it is given to a LogStore; texts are borrowed for the call. `instance` is
/// "orders/1", or empty where the sender is no instance of ours. What identifies a request goes
/// into the field "trace" or "request", what parsers found into fields of its own; what a line says
/// as JSON or logfmt need not be given: it is read when it is asked for.
struct StoredLine {
  WallTime time;
  std::string_view host;
  std::string_view service;
  std::string_view instance;
  LogLevel level = LogLevel::info;
  std::string_view text;
  std::span<const LogLineField> fields = {};
};

/// Who wrote a line.
struct LogSource {
  std::string host;
  std::string service;
  std::string instance;
  bool operator==(const LogSource&) const = default;
};

/// One line as it was found.
struct FoundLine {
  WallTime time;
  std::uint64_t sequence = 0;  // in which the store took it
  LogSource source;
  LogLevel level = LogLevel::info;
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Lines are ordered by time, then by the order in which they came: a place between two of them.
struct LogCursor {
  std::int64_t time = 0;  // nanoseconds
  std::uint64_t sequence = 0;
  auto operator<=>(const LogCursor&) const = default;
};

}  // namespace berth::observe
