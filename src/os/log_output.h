#pragma once

#include <string>

#include "base/log.h"
#include "os/descriptor.h"

namespace berth::os {

/// Where a process of Berth writes its own log: appended to a file, which is begun anew at
/// `bytes_max` (the one before stays as PATH.1). Without a path: to standard error. Lines are
/// written as they come; any thread.
class LogOutput {
 public:
  static constexpr std::uint64_t bytes_max = 10 << 20;

  explicit LogOutput(std::string path);
  ~LogOutput();
  LogTarget& target() { return target_; }

 private:
  static void write(void* self, std::string_view line);
  static WallTime now(void* self);

  struct Inside;
  Inside* inside_;
  LogTarget target_;
};

}  // namespace berth::os
