#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/disk.h"
#include "base/time.h"

namespace berth::runtime {

/// Writes the log of a container as the shim writes that of a process (docs/formats/logs.md). One
/// writer a log, one write at a time. What cannot be written is dropped and counted, and a line
/// says so once writing works again.
class LogWriter {
 public:
  LogWriter(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  /// Adds a line to those that write() will write; longer ones are cut.
  void add(WallTime time, std::string_view text);
  bool empty() const { return lines_.empty(); }
  /// Writes what was added. Never fails: see `dropped`.
  Deferred<void> write();
  std::uint64_t dropped() const { return dropped_; }

 private:
  Deferred<void> append(std::string text);
  Deferred<void> rotate();

  Disk& disk_;
  std::string path_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
  std::string lines_;
  std::string last_time_;
  std::uint64_t dropped_ = 0;
  bool lost_ = false;
};

}  // namespace berth::runtime
