#pragma once

#include <string>
#include <vector>

#include "app/command_shape.h"

namespace berth::app {

/// What `berth --help` prints.
std::string program_help(const std::vector<CommandShape>& commands,
                         const std::vector<FlagShape>& common);
/// What `berth NAME --help` prints: usage, what it does, words, flags, an example.
std::string command_help(const CommandShape& command);
/// "berth logs [FLAGS] SERVICE|INSTANCE".
std::string usage_line(const CommandShape& command);

}  // namespace berth::app
