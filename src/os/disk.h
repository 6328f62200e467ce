#pragma once

#include "async/disk.h"
#include "async/executor.h"

namespace berth::os {

/// Files of the kernel; every operation runs on a worker, so that a slow disk stops nobody else.
class Disk final : public berth::Disk {
 public:
  explicit Disk(berth::Workers& workers) : workers_(workers) {}

  Deferred<std::unique_ptr<File>> open(std::string path, OpenMode mode) override;
  Deferred<OpenedFile> open_to_read(std::string path) override;
  Deferred<void> rename(std::string from, std::string to) override;
  Deferred<void> remove(std::string path) override;
  Deferred<void> make_folder(std::string path) override;
  Deferred<std::vector<FolderEntry>> list(std::string path) override;
  Deferred<void> sync_folder(std::string path) override;
  Deferred<std::uint64_t> free_bytes(std::string path) override;

 private:
  berth::Workers& workers_;
};

}  // namespace berth::os
