#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/deferred.h"
#include "async/disk.h"
#include "base/log.h"
#include "observe/series.h"

namespace berth::observe {

/// One kind of series file ("second" or "minute"), cut by time: appends points, reads them back,
/// and removes what is too old. docs/formats/series.md has the format. Appending buffers up to
/// `buffer_bytes_max`; beyond (the disk stands still) points are dropped from the file and counted.
class SeriesFiles {
 public:
  static constexpr std::size_t buffer_bytes_max = 8 << 20;
  static constexpr std::size_t file_bytes_max = 256 << 20;
  using Found = std::function<void(const SeriesKey&, SeriesKind, const Series::Point&)>;

  SeriesFiles(Disk& disk, Log log, std::string folder, std::string kind, std::int64_t seconds_each,
              std::int64_t kept)
      : disk_(disk),
        log_(log),
        folder_(std::move(folder)),
        kind_(std::move(kind)),
        seconds_each_(seconds_each),
        kept_(kept) {}

  /// Reads every kept file, oldest first.
  Deferred<void> read(std::int64_t now, Found found);
  void append(const Series& series, const Series::Point& point);
  /// Writes what was appended; opens the next file when its time has come.
  Deferred<void> flush(std::int64_t now);
  Deferred<void> sync();
  std::uint64_t dropped() const { return dropped_; }

 private:
  Deferred<void> open_file(std::int64_t begin);
  Deferred<void> remove_old(std::int64_t now);
  std::string path(std::int64_t begin) const;

  Disk& disk_;
  Log log_;
  std::string folder_;
  std::string kind_;
  std::int64_t seconds_each_;
  std::int64_t kept_;
  std::unique_ptr<File> file_;
  std::int64_t file_begin_ = -1;
  std::uint64_t file_bytes_ = 0;
  std::unordered_map<const Series*, std::uint64_t> ids_;  // those defined in the open file
  std::string pending_;
  std::vector<std::pair<const Series*, Series::Point>> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace berth::observe
