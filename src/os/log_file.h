#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os/descriptor.h"

namespace berth::os {

/// Lines of a program's output, each behind its time in milliseconds since 1970 and a space
/// (docs/formats/logs.md). When the file passes `bytes_max` it becomes PATH.1 (and that PATH.2, up
/// to `files_max`). A line longer than `line_bytes_max` is cut there and ends in "…". What cannot
/// be written (disk full) is dropped and counted, and a line says so once there is room again.
class LogFile {
 public:
  static constexpr std::size_t line_bytes_max = 16 << 10;
  static constexpr int files_max = 3;

  LogFile(std::string path, std::uint64_t bytes_max);
  /// Takes output as it comes; writes whole lines.
  void take(std::string_view output);
  /// Writes what is left without a line end.
  void finish();
  /// Writes of some lines that failed.
  std::uint64_t dropped() const { return dropped_; }

 private:
  void open();
  void add_line(std::string_view line);
  void write_out();
  void rotate();

  std::string path_;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_told_ = 0;
  Descriptor fd_;
  std::string partial_;
  bool cut_ = false;   // the rest of the line is thrown away
  bool torn_ = false;  // the file ends within a line
  std::string out_;
};

}  // namespace berth::os
