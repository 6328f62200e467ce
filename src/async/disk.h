#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/deferred.h"
#include "base/bytes.h"

namespace berth {

/// An open file. Operations may overlap; each resolves when done. Closing waits for nothing: an
/// operation under way ends on its own. Errors: disk_full, io, closed.
class File {
 public:
  virtual ~File() = default;
  /// At most `length` bytes from `offset`; fewer only at the end of the file.
  virtual Deferred<Bytes> read(std::uint64_t offset, std::size_t length) = 0;
  /// All of it, or an error (then part of it may stand there).
  virtual Deferred<void> write(std::uint64_t offset, BytesList bytes) = 0;
  /// Data and size are on stable storage when it resolves (fdatasync). After a failed sync nothing
  /// that was written since the last good one may be trusted.
  virtual Deferred<void> sync() = 0;
  /// write, then sync, in one go: for logs, whose every group pays for it. Errors: those of write;
  /// then nothing was synced, and its place may be used again. A failed sync's error is the value.
  virtual Deferred<std::optional<Error>> write_synced(std::uint64_t offset, BytesList bytes);
  virtual Deferred<std::uint64_t> size() = 0;
  virtual Deferred<void> truncate(std::uint64_t size) = 0;
  /// A number that is another one once the content was changed or the path leads to another file:
  /// for ETags. Writes of one length within a tick of the kernel's clock (some ms) may share one.
  /// unsupported where files have none.
  virtual Deferred<std::uint64_t> version();
  /// What the kernel knows it by; -1 where it is not the kernel's. For ByteStream::write_file.
  virtual int descriptor() const { return -1; }
};

/// A file that is open for reading, and what it was like then.
struct OpenedFile {
  std::unique_ptr<File> file;
  std::uint64_t size = 0;
  std::uint64_t version = 0;
};

enum class OpenMode : std::uint8_t {
  read,           // must exist
  write,          // read and write, created if it is missing
  create_new,     // read and write, must not exist
  write_emptied,  // read and write, created or emptied
};

struct FolderEntry {
  std::string name;
  bool is_folder = false;  // or a symbolic link to one
  std::uint64_t size = 0;  // as a symbolic link's target has it
  bool executable = false;
  std::string link;  // of a symbolic link: what it says
};

/// Files and folders. Paths are absolute, or relative to the working directory. Names and renames
/// are durable only after sync_folder. Errors: not_found, already_exists, denied, disk_full, io.
class Disk {
 public:
  virtual Deferred<std::unique_ptr<File>> open(std::string path, OpenMode mode) = 0;
  /// open, size and version in one go: for servers of files.
  virtual Deferred<OpenedFile> open_to_read(std::string path);
  virtual Deferred<void> rename(std::string from, std::string to) = 0;
  virtual Deferred<void> remove(std::string path) = 0;
  /// With parents; fine if it is there.
  virtual Deferred<void> make_folder(std::string path) = 0;
  virtual Deferred<std::vector<FolderEntry>> list(std::string path) = 0;
  virtual Deferred<void> sync_folder(std::string path) = 0;
  virtual Deferred<std::uint64_t> free_bytes(std::string path) = 0;

  /// The whole file, refused above `bytes_max` with overloaded.
  Deferred<std::string> read_file(std::string path, std::size_t bytes_max = 64 << 20);
  /// make_folder, and then every folder above it is synced (but for those that may not be read), so
  /// that what is synced in it stays after a power loss.
  Deferred<void> make_durable_folder(std::string path);
  /// Replaces it as a whole and durably: temporary file, sync, rename, sync of the folder. Readers
  /// see the old or the new.
  Deferred<void> replace_file(std::string path, std::string content);

 protected:
  ~Disk() = default;
};

}  // namespace berth
