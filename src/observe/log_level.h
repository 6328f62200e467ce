#pragma once

#include <string_view>

#include "base/log.h"

namespace berth::observe {

/// The level that a line of a program's output tells about itself, by the words that loggers of the
/// common languages write: level=error, "level":"warn", [ERROR], WARNING:, ERROR -, a bare ERROR or
/// FATAL in capitals, Traceback, panic:. Looks at the first 512 bytes. `info` where nothing is
/// said.
LogLevel log_level_of(std::string_view line);

}  // namespace berth::observe
