#pragma once

#include <string_view>

#include "observe/parse/record.h"

namespace berth::observe {

/// Adds the members of a JSON object, objects within it as "outer.inner"; what the common loggers
/// call by different names (Bunyan, Pino, Winston, zap, zerolog, slog, Logback, Python's
/// json-logger, structlog) is there under one name too: "level" in words ("info" for Bunyan's 30),
/// "message", "time". False, and nothing added, if the line is no JSON object.
bool read_json_line(std::string_view line, Record& record);

}  // namespace berth::observe
