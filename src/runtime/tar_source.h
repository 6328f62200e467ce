#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/disk.h"
#include "base/time.h"
#include "http/body.h"

namespace berth::runtime {

/// One member of an archive.
struct TarEntry {
  std::string name;  // "src/app.py"
  std::string path;  // where its content is; not of folders and links
  std::uint64_t size = 0;
  bool is_folder = false;
  bool executable = false;
  std::string link;  // of a symbolic link: what it says
};

/// What goes before a member's content: its header of 512 bytes (POSIX.1-1988 ustar), with an
/// extended one (POSIX.1-2001 pax) before it where the name, the link or the size does not fit.
/// Owner and group are 0.
std::string tar_header(const TarEntry& entry, WallTime modified);

/// An archive of files on disk, read and given out part by part in constant memory. A file that
/// has shrunk since it was listed is filled up with zeros, one that has grown is cut. Ends with the
/// error of a file that cannot be read.
class TarSource final : public http::BodySource {
 public:
  static constexpr std::size_t part_bytes = 64 << 10;

  TarSource(Disk& disk, std::vector<TarEntry> entries, WallTime modified)
      : disk_(disk), entries_(std::move(entries)), modified_(modified) {}
  Deferred<Bytes> read() override;

 private:
  Deferred<Bytes> next_header();
  Deferred<Bytes> next_content();

  Disk& disk_;
  std::vector<TarEntry> entries_;
  WallTime modified_;
  std::size_t next_ = 0;
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;  // of the member whose content is under way
  bool ended_ = false;
};

}  // namespace berth::runtime
