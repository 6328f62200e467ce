#pragma once

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "os/real_world_suite.h"
#include "storage/rocks_store.h"
#include "storage/store_suite.h"

// What the tests of RocksStore share.

namespace berth::storage {

/// A folder that goes with the test; in memory where there is such a place, since the tests sync
/// thousands of times.
struct TestFolder {
  std::string path;
  TestFolder() {
    bool in_memory = std::filesystem::is_directory("/dev/shm");
    auto under = in_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    path = (under / "berth-store-XXXXXX").string();
    EXPECT_TRUE(::mkdtemp(path.data()));
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
};

/// A disk for RocksDB that fails when it is told to.
class FaultyDisk final : public rocksdb::FileSystemWrapper {
 public:
  FaultyDisk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyDisk"; }

  static constexpr std::uint64_t plenty = 1 << 30;

  /// Bytes that can still be written; the append beyond writes what fits and fails.
  void set_room(std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    room_ = bytes;
  }
  /// The next `count` syncs fail.
  void fail_syncs(int count) {
    std::lock_guard lock(mutex_);
    failing_syncs_ = count;
  }
  int syncs() {
    std::lock_guard lock(mutex_);
    return syncs_;
  }
  /// From now on nothing reaches the disk.
  void cut_power() {
    std::lock_guard lock(mutex_);
    cut_ = true;
  }
  /// Every file loses what was not synced; then the disk works again. Nothing may be open.
  void power_on() {
    std::lock_guard lock(mutex_);
    for (auto& [path, synced] : synced_) {
      std::error_code missing;
      auto size = std::filesystem::file_size(path, missing);
      if (!missing && size > synced) std::filesystem::resize_file(path, synced);
    }
    synced_.clear();
    cut_ = false;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    auto status = FileSystemWrapper::RenameFile(from, to, options, debug);
    std::lock_guard lock(mutex_);
    auto moved = synced_.extract(from);
    if (!moved.empty()) synced_[to] = moved.mapped();
    return status;
  }
  rocksdb::IOStatus GetFreeSpace(const std::string&, const rocksdb::IOOptions&, uint64_t* bytes,
                                 rocksdb::IODebugContext*) override {
    std::lock_guard lock(mutex_);
    *bytes = room_;
    return rocksdb::IOStatus::OK();
  }

 private:
  class File;

  std::mutex mutex_;
  std::uint64_t room_ = plenty;
  int failing_syncs_ = 0;
  int syncs_ = 0;
  bool cut_ = false;
  std::map<std::string, std::uint64_t> synced_;  // of each file made: bytes that were synced
};

class FaultyDisk::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(FaultyDisk& disk, std::string path, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), path_(std::move(path)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    std::lock_guard lock(disk_.mutex_);
    if (disk_.cut_) return rocksdb::IOStatus::IOError("the power is off");
    std::uint64_t fits = std::min<std::uint64_t>(data.size(), disk_.room_);
    disk_.room_ -= fits;
    size_ += fits;
    auto status = target()->Append(rocksdb::Slice(data.data(), fits), options, debug);
    if (fits == data.size()) return status;
    status = rocksdb::IOStatus::NoSpace("the disk is full");
    status.SetRetryable(true);  // as RocksDB's own file system says of ENOSPC
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    return synced(target()->Sync(options, debug));
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return synced(target()->Fsync(options, debug));
  }

 private:
  rocksdb::IOStatus synced(rocksdb::IOStatus status) {
    std::lock_guard lock(disk_.mutex_);
    if (disk_.cut_) return rocksdb::IOStatus::IOError("the power is off");
    ++disk_.syncs_;
    if (disk_.failing_syncs_ > 0) {
      --disk_.failing_syncs_;
      return rocksdb::IOStatus::IOError("a sync failed");
    }
    disk_.synced_[path_] = size_;
    return status;
  }

  FaultyDisk& disk_;
  std::string path_;
  std::uint64_t size_ = 0;
};

inline rocksdb::IOStatus FaultyDisk::NewWritableFile(const std::string& path,
                                                     const rocksdb::FileOptions& options,
                                                     std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                     rocksdb::IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSWritableFile> real;
  auto status = FileSystemWrapper::NewWritableFile(path, options, &real, debug);
  if (!status.ok()) return status;
  {
    std::lock_guard lock(mutex_);
    synced_[path] = 0;
  }
  *file = std::make_unique<File>(*this, path, std::move(real));
  return status;
}

/// A real reactor with workers, and a clock for leases that the test moves.
struct Host : os::RealWorldBy<ManualClock> {
  Host() : RealWorldBy(3) {}

  Result<std::unique_ptr<RocksStore>> open(RocksOptions options) {
    return run(RocksStore::open(world, Log(), std::move(options)));
  }
};

/// A host with a store in a folder of its own.
struct RocksTest : ::testing::Test {
  TestFolder folder;
  std::shared_ptr<FaultyDisk> faulty = std::make_shared<FaultyDisk>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(faulty);
  Host host;
  std::unique_ptr<RocksStore> store;
  RocksOptions options{.folder = folder.path};

  void use_faulty_disk() { options.env = env.get(); }
  void open() { store = host.open(options).value(); }
  void close() {
    EXPECT_TRUE(host.run(store->close()).ok());
    store.reset();
  }
  /// As when the process ends: nothing is closed by the store. Waits until the workers let go.
  void drop() {
    store.reset();
    while (!is_free()) host.reactor.turn(1ms);
  }
  bool is_free() {
    rocksdb::FileLock* lock = nullptr;
    auto* real = rocksdb::Env::Default();
    if (!real->LockFile(folder.path + "/LOCK", &lock).ok()) return false;
    return real->UnlockFile(lock).ok();
  }
  Result<Revision> commit(Batch batch) { return host.run(store->commit(std::move(batch))); }
  Revision put(std::string key, std::string value, LeaseId lease = 0) {
    return commit(Batch().put(std::move(key), std::move(value), lease)).value();
  }
  std::optional<Entry> get(std::string key) { return host.run(store->get(std::move(key))).value(); }
  Page all() { return host.run(read_all(*store, {})).value(); }
};

}  // namespace berth::storage
