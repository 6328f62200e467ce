#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/disk.h"

namespace berth::observe {

/// How far a file was read, and how it is known again: by the hash of its first bytes.
struct FilePosition {
  std::uint64_t offset = 0;
  std::uint64_t print = 0;        // of the first `print_bytes`
  std::uint32_t print_bytes = 0;  // 0: nothing is known of it
  bool operator==(const FilePosition&) const = default;
};

/// The bytes of a file at a path as they are written, through rotation by renaming (what is left of
/// the old one comes first, from PATH.1 too where it happened while nobody followed), and through
/// truncation (it begins anew). Belongs to one reactor; one call at a time, which it outlives. A
/// file that is rewritten in place with the same first bytes and no shorter is not noticed.
class FollowedFile {
 public:
  static constexpr std::uint32_t print_bytes_max = 256;

  FollowedFile(Disk& disk, std::string path, FilePosition position)
      : disk_(disk), path_(std::move(path)), position_(position) {}

  struct Read {
    std::string bytes;
    bool begins = false;  // of a file, other than the one before
  };
  /// What is new, at most `bytes_max`; nothing if nothing is. Errors: those of the disk; a path
  /// that is not there is none.
  Deferred<Read> read(std::size_t bytes_max);
  /// From the file's present end on.
  Deferred<void> skip_to_end();
  const std::string& path() const { return path_; }
  /// Behind what read() has given.
  const FilePosition& position() const { return position_; }
  /// It was not there the last time.
  bool gone() const { return gone_; }

 private:
  /// Looks what stands at the path now; true: another file does.
  Deferred<bool> look();
  Deferred<void> find_again();
  Deferred<bool> is_known(File& file);
  Deferred<void> note_print(File& file);

  Disk& disk_;
  const std::string path_;
  FilePosition position_;
  std::unique_ptr<File> file_;
  std::unique_ptr<File> next_;  // what stands at the path, once `file_` is read to its end
  bool gone_ = false;
};

}  // namespace berth::observe
