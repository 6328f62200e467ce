#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os/descriptor.h"

namespace berth::os {

/// Lines of a program's output, each behind its time in milliseconds since 1970 and a space. When
/// the file passes `bytes_max` it becomes PATH.1 (and that PATH.2, up to `files_max`). A line
/// longer than `line_bytes_max` is cut into several. What cannot be written (disk full) is dropped
/// and counted.
class LogFile {
 public:
  static constexpr std::size_t line_bytes_max = 16 << 10;
  static constexpr int files_max = 3;

  LogFile(std::string path, std::uint64_t bytes_max);
  /// Takes output as it comes; writes whole lines.
  void take(std::string_view output);
  /// Writes what is left without a line end.
  void finish();
  std::uint64_t dropped() const { return dropped_; }

 private:
  void open();
  void write_line(std::string_view line);
  void rotate();

  std::string path_;
  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  Descriptor fd_;
  std::string partial_;
  std::string out_;
};

}  // namespace berth::os
