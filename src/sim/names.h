#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/disk.h"
#include "sim/inode.h"

namespace berth::sim {

/// The names on a disk: as programs see them, and as they would stand without power. Changes of
/// names are forgotten until the folder they are in was synced (that of the new name, for a
/// rename). Paths are absolute and without "." (see `clean`). Errors as Disk.
class Names {
 public:
  static constexpr std::size_t name_bytes_max = 255;

  /// "a//b/" is "/a/b": relative paths begin at "/".
  static std::string clean(const std::string& path);
  static std::string folder_of(const std::string& path);

  Names() { seen_["/"] = stable_["/"] = nullptr; }

  bool exists(const std::string& path) const { return seen_.contains(path); }
  /// The file of that name; null: a folder.
  Result<std::shared_ptr<Inode>> find(const std::string& path) const;
  Result<std::shared_ptr<Inode>> create(const std::string& path);
  Result<void> make_folders(const std::string& path);
  Result<void> rename(const std::string& from, const std::string& to);
  Result<void> remove(const std::string& path);
  Result<std::vector<FolderEntry>> list(const std::string& path) const;
  /// How many changes were made so far: a sync that begins now is about these.
  std::uint64_t changes_made() const { return changes_made_; }
  Result<void> sync_folder(const std::string& path, std::uint64_t made);
  /// Bytes in all files that have a name.
  std::uint64_t bytes() const;
  void lose_power(Random& random);

 private:
  /// A path and what it names; null: a folder.
  using Map = std::map<std::string, std::shared_ptr<Inode>>;
  struct Change {
    std::string path;  // that is there afterwards; empty: something was removed
    std::string from;  // that is gone afterwards; empty: something was made
    std::shared_ptr<Inode> inode;
    std::uint64_t number = 0;
    const std::string& decisive() const { return path.empty() ? from : path; }
  };
  static void apply(Map& map, const Change& change);
  /// The folder of `path` is there, and its name not too long.
  Result<void> need_place(const std::string& path) const;
  Result<void> need_folder(const std::string& path) const;
  bool empty_folder(const std::string& path) const;
  void change(Change change);

  Map seen_;
  Map stable_;
  std::vector<Change> changes_;  // in order
  std::uint64_t changes_made_ = 0;
};

}  // namespace berth::sim
