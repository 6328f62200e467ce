#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/disk.h"
#include "async/world.h"
#include "os/real_world_suite.h"
#include "os/temporary_folder_suite.h"

namespace berth::bus {

using os::TemporaryFolder;

/// The disk beneath, counted, with faults on demand.
class WatchedDisk final : public Disk {
 public:
  explicit WatchedDisk(Disk& beneath) : beneath_(beneath) {}

  int writes = 0;
  int syncs = 0;
  int reads = 0;
  int fail_writes = 0;  // so many of the next ones
  int fail_syncs = 0;
  std::function<void()> before_each = [] {};  // of all operations

  Deferred<std::unique_ptr<File>> open(std::string path, OpenMode mode) override {
    std::string name = path;
    return beneath_.open(std::move(path), mode).then([this, name](std::unique_ptr<File> file) {
      return std::unique_ptr<File>(new WatchedFile(*this, name, std::move(file)));
    });
  }
  Deferred<void> rename(std::string from, std::string to) override {
    before_each();
    return beneath_.rename(std::move(from), std::move(to));
  }
  Deferred<void> remove(std::string path) override {
    before_each();
    return beneath_.remove(std::move(path));
  }
  Deferred<void> make_folder(std::string path) override {
    before_each();
    return beneath_.make_folder(std::move(path));
  }
  Deferred<std::vector<FolderEntry>> list(std::string path) override {
    before_each();
    return beneath_.list(std::move(path));
  }
  Deferred<void> sync_folder(std::string path) override {
    before_each();
    return beneath_.sync_folder(std::move(path));
  }
  Deferred<std::uint64_t> free_bytes(std::string path) override {
    before_each();
    return beneath_.free_bytes(std::move(path));
  }

 private:
  class WatchedFile final : public File {
   public:
    WatchedFile(WatchedDisk& disk, std::string name, std::unique_ptr<File> beneath)
        : disk_(disk), name_(std::move(name)), beneath_(std::move(beneath)) {}
    Deferred<Bytes> read(std::uint64_t offset, std::size_t length) override {
      disk_.before_each();
      ++disk_.reads;
      return beneath_->read(offset, length);
    }
    Deferred<void> write(std::uint64_t offset, BytesList bytes) override {
      disk_.before_each();
      ++disk_.writes;
      if (disk_.fail_writes > 0) {
        --disk_.fail_writes;
        return failed<void>(Error(Code::disk_full, "no room for " + name_));
      }
      return beneath_->write(offset, std::move(bytes));
    }
    Deferred<void> sync() override {
      disk_.before_each();
      ++disk_.syncs;
      if (disk_.fail_syncs > 0) {
        --disk_.fail_syncs;
        return failed<void>(Error(Code::io, "could not sync " + name_));
      }
      return beneath_->sync();
    }
    Deferred<std::uint64_t> size() override { return beneath_->size(); }
    Deferred<void> truncate(std::uint64_t size) override { return beneath_->truncate(size); }

   private:
    WatchedDisk& disk_;
    std::string name_;
    std::unique_ptr<File> beneath_;
  };

  Disk& beneath_;
};

/// The real world, with one worker: what was dropped on its way to the disk is done before what
/// comes after.
struct RealWorld : os::RealParts {
  RealWorld() : RealParts(1) {}
  WatchedDisk watched{disk};
  World world{reactor, network, watched, process, random, workers};
};

}  // namespace berth::bus
