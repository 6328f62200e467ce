#pragma once

#include <cstdint>
#include <vector>

namespace berth::os {

/// A process as /proc/PID/stat tells of it.
struct ProcessEntry {
  std::int64_t pid = 0;
  std::int64_t parent = 0;
  std::int64_t group = 0;
  std::int64_t session = 0;
};

/// All processes that can be seen, by no order. Reads /proc: some milliseconds.
std::vector<ProcessEntry> all_processes();

}  // namespace berth::os
