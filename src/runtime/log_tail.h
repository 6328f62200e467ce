#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "async/world.h"
#include "runtime/log_files.h"

namespace berth::runtime {

/// Gives each new line of the instances' logs once, across rotations: of all, of one service, or of
/// one instance; looks every `interval`. Positions may be kept in a file (docs/formats/logs.md), so
/// that the next one goes on where this one was. Belongs to one reactor; one next() at a time,
/// which it outlives. Lines that were rotated away before they were read are lost.
class LogTail {
 public:
  static constexpr Duration interval = 100ms;
  static constexpr std::size_t bytes_per_log_max = 256 << 10;  // that one next() gives
  static constexpr std::size_t logs_max = 10'000;              // more in the folder are not read

  /// `service` and `instance` ("orders/1") empty: all.
  LogTail(World& world, std::string state_folder, std::string service = "",
          std::string instance = "");

  /// The next lines, by instance in order; waits for some, but no longer than `until`: then there
  /// are none. Errors: those of Disk; call again later.
  Deferred<std::vector<LogLine>> next(MonotonicTime until = {INT64_MAX});

  /// From each log's present end. Before the first next().
  Deferred<void> begin_at_end();
  /// From each log's last lines on, at most `lines` of all from `from` on: next() gives them first,
  /// by time.
  Deferred<void> begin_with_last(std::size_t lines, WallTime from = {});
  /// The lines that begin_with_last() found, for who wants no more than those.
  std::vector<LogLine> take_first() { return std::exchange(first_, {}); }
  /// From where keep() left it; from the begin where there is no such file. invalid: it cannot be
  /// read; then from the present end.
  Deferred<void> load(std::string path);
  /// What next() has given is not given again after load().
  Deferred<void> keep(std::string path);

 private:
  struct Log {
    LogPosition position;
    std::uint64_t size = ~std::uint64_t{0};  // of the file when it was read last
    bool more = false;
  };

  bool wanted(std::string_view id) const;
  Deferred<std::vector<FolderEntry>> entries();
  Deferred<void> read_new(std::vector<LogLine>& lines);

  World& world_;
  std::string state_folder_;
  std::string service_;
  std::string instance_;
  std::map<std::string, Log, std::less<>> logs_;  // by id
  std::vector<LogLine> first_;
};

/// The last lines that a service (or one instance of it) wrote, oldest first: at most `lines`, none
/// before `from`.
Deferred<std::vector<LogLine>> last_log_lines(World& world, std::string state_folder,
                                              std::string service, std::string instance,
                                              std::size_t lines, WallTime from = {});

}  // namespace berth::runtime
