#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace berth::app {

/// Reads the file of a program that runs alone and those that it names, and remembers which.
/// Blocks: on a worker, but for the first time. Longer ones are `overloaded`.
struct ReadFiles {
  static constexpr std::size_t bytes_max = 16 << 20;

  Result<std::string> read(const std::string& path);

  std::vector<std::string> paths;
};

/// Each line of what is wrong to standard error, behind "berth WHO: ". Returns exit_failed.
int tell_faults(std::string_view who, const Error& error);
/// The same into the log, of a file that is not taken over.
void log_faults(const Log& log, const std::string& path, const Error& error);

}  // namespace berth::app
