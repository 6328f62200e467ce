#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/arguments.h"
#include "app/command_shape.h"

namespace berth::app {

/// What the words on the command line say: a command to run, or how to end at once.
struct Parsed {
  std::optional<CommandLine> line;
  int exit_code = 0;  // without a line
  std::string text;   // to be printed: help to standard output (0), what is wrong to error (2)
};

/// Reads the words behind the program's name.
Parsed parse_command_line(const std::vector<std::string>& words);

/// All commands but the hidden ones, in the order of `berth --help`.
std::vector<CommandShape> command_shapes();
/// The flags that any command takes.
std::vector<FlagShape> common_flags();

}  // namespace berth::app
