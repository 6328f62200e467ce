#pragma once

#include <string>

#include "base/toml.h"

namespace berth {

/// The value as TOML has it, on one line: tables inline, strings basic. What is read from it is the
/// same value, at other places. Dates, whose text is not kept, become "".
std::string toml_text(const TomlValue& value);

}  // namespace berth
