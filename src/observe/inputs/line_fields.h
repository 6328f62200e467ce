#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "observe/line.h"

namespace berth::observe {

/// A line that came as fields, and the texts that it is told by. `line` refers to them: it does not
/// move.
struct FieldsLine {
  FieldsLine() = default;
  FieldsLine(const FieldsLine&) = delete;
  FieldsLine& operator=(const FieldsLine&) = delete;

  Record record;
  std::string text;
  std::string service;
  std::string host;
  LogLine line;

  /// Fills `line` from what the common loggers and collectors call these things: message, level,
  /// time (RFC 3339, or since 1970 in s, ms, us or ns), service, host. `whole` is the text where
  /// there is no message; a service or host that is set already stays.
  void tell(std::string_view whole, WallTime now);
};

/// "warn", "WARNING", "fatal", "info", "trace" and the like; nothing for other words.
std::optional<LogLevel> level_called(std::string_view word);
/// Since 1970, in s, ms, us or ns, as its size tells; nothing for what is none of these.
std::optional<WallTime> time_of_number(double value);

}  // namespace berth::observe
