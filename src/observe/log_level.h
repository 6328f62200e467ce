#pragma once

#include <cstdint>
#include <string_view>

#include "base/log.h"

namespace berth::observe {

/// The level that a line of a program's output tells about itself, by the words that loggers of the
/// common languages write: level=error, "level":"warn", [ERROR], WARNING:, ERROR -, a bare ERROR or
/// FATAL in capitals, Traceback, panic:. Looks at the first 512 bytes. `info` where nothing is
/// said.
LogLevel log_level_of(std::string_view line);
/// Syslog's severities (RFC 5424 section 6.2.1): 0 to 3 emergency to error, 4 warning, 5 and 6
/// notice and informational, 7 debug.
constexpr LogLevel log_level_of_severity(std::uint8_t severity) {
  if (severity <= 3) return LogLevel::error;
  if (severity == 4) return LogLevel::warning;
  return severity == 7 ? LogLevel::debug : LogLevel::info;
}

}  // namespace berth::observe
