#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "async/disk.h"
#include "base/time.h"

namespace berth::runtime {

/// One line of an instance's output.
struct LogLine {
  WallTime time{};
  std::string id;    // "orders/1"
  std::string text;  // at most log_line_bytes_max; a longer one is cut and ends in "…"
};

/// How far a log has been read: an offset in the file whose first line has the hash `first`, by
/// which a file is known again after it was renamed. 0: nothing was read yet.
struct LogPosition {
  std::uint64_t first = 0;
  std::uint64_t offset = 0;
  bool operator==(const LogPosition&) const = default;
};

/// What stands in a log behind a position.
struct LogPart {
  std::string text;  // whole lines
  LogPosition end;   // behind it
  bool more = false;
};

/// "orders/1" of "orders.1.log"; empty if it is no log's name.
std::string instance_of_log(std::string_view file_name);
/// Reads whole lines "MILLISECONDS TEXT" (docs/formats/logs.md). A line without a time has that of
/// the one before.
void parse_log_lines(std::string_view text, std::string_view id, std::vector<LogLine>& out);

/// The next whole lines of the log at `path`, over its rotated files, at most `bytes_max` (of at
/// least one line). No log: nothing.
Deferred<LogPart> read_log(Disk& disk, std::string path, LogPosition from, std::size_t bytes_max);
/// The last whole lines, at least `lines` if there are so many, at most about `bytes_max`.
Deferred<LogPart> read_log_end(Disk& disk, std::string path, std::size_t lines,
                               std::size_t bytes_max);

}  // namespace berth::runtime
