#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "async/disk.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "observe/line.h"

namespace berth::observe {

/// Lines on disk for which there is no room in memory, first in, first out, in files of records as
/// the journal's (docs/formats/line_journal.md). What was written before a start is read after it.
/// Belongs to one reactor; one reader. What the disk has not taken yet is bounded by
/// `pending_bytes_max`.
class LineSpill {
 public:
  static constexpr std::uint64_t file_bytes_max = 16 << 20;
  static constexpr std::size_t pending_bytes_max = 8 << 20;

  LineSpill(World& world, Log log, std::string folder)
      : world_(world), log_(log), folder_(std::move(folder)) {}

  Deferred<void> open();
  /// False: the disk does not keep up.
  bool add(const LogLine& line);
  /// Writes what was added.
  Deferred<void> write();
  /// The records of the oldest file, which is gone then; empty: there is none.
  Deferred<std::string> take_file();
  std::uint64_t bytes() const { return bytes_ + pending_.size(); }
  bool empty() const { return files_.empty() && pending_.empty(); }

 private:
  struct SpillFile {
    std::string path;
    std::uint64_t bytes = 0;
  };

  World& world_;
  Log log_;
  const std::string folder_;
  std::deque<SpillFile> files_;  // oldest first
  std::unique_ptr<File> file_;   // of the last one, while it is written
  std::uint64_t next_ = 1;
  std::uint64_t bytes_ = 0;  // of all files
  std::string pending_;
  Lock lock_;
};

}  // namespace berth::observe
