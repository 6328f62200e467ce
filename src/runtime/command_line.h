#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::runtime {

/// What a command line of a system file executes. Words and quotes are split as a POSIX shell does
/// (Shell Command Language, 2.2 and 2.6.7) and run without one. A line that only a shell
/// understands (pipes, variables, patterns, redirections, assignments, built-ins) becomes /bin/sh
/// -c LINE, with `exec` in front where that is one command, so that signals reach it directly.
/// invalid: an empty line, a quote that is not closed.
Result<std::vector<std::string>> command_arguments(std::string_view line);

/// The program that the line runs first, whether by a shell or not: to be looked for before a
/// start. Empty where only the shell can tell.
std::string command_program(std::string_view line);

}  // namespace berth::runtime
