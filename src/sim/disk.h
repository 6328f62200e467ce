#pragma once

#include <memory>

#include "async/disk.h"
#include "sim/fabric.h"
#include "sim/names.h"

namespace berth::sim {

/// What may go wrong on a disk. Chances are from 0 to 1, of each operation.
struct DiskFaults {
  double read_fails = 0;
  double write_fails = 0;  // a part of it stands there then
  double sync_fails = 0;   // what was to be synced is in doubt for good
  double slow = 0;         // takes up to slow_most
  Duration slow_most = 2s;
  std::uint64_t bytes_max = 1ULL << 30;  // beyond: disk_full
};

/// Files and folders in memory. A power loss keeps what was synced and some of the rest (inode.h,
/// names.h); a file that is open then is dead. Operations take their time and end in any order; one
/// that is dropped has taken effect or not. `list` answers in no order.
class Disk final : public berth::Disk {
 public:
  Disk(Timeline& timeline, Node& node) : timeline_(timeline), node_(node) {}

  Deferred<std::unique_ptr<File>> open(std::string path, OpenMode mode) override;
  Deferred<void> rename(std::string from, std::string to) override;
  Deferred<void> remove(std::string path) override;
  Deferred<void> make_folder(std::string path) override;
  Deferred<std::vector<FolderEntry>> list(std::string path) override;
  Deferred<void> sync_folder(std::string path) override;
  Deferred<std::uint64_t> free_bytes(std::string path) override;

  void lose_power();
  DiskFaults faults;

 private:
  friend class SimFile;
  enum class Cost : std::uint8_t { small, sync };
  /// Makes `effect` happen in a while.
  template <class T, class F>
  Deferred<T> perform(Cost cost, std::size_t bytes, F effect);
  Duration time_of(Cost cost, std::size_t bytes);
  Result<std::shared_ptr<Inode>> open_now(const std::string& path, OpenMode mode);
  std::uint64_t room() const;

  Timeline& timeline_;
  Node& node_;
  Names names_;
};

}  // namespace berth::sim
