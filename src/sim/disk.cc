#include "sim/disk.h"

#include <algorithm>

#include "base/hash.h"

namespace berth::sim {

Duration Disk::time_of(Cost cost, std::size_t bytes) {
  Duration time =
      cost == Cost::sync ? timeline_.between(300us, 4ms) : timeline_.between(20us, 200us);
  time += Duration(static_cast<std::int64_t>(bytes) * 2);  // 500 MB a second
  if (timeline_.random().chance(faults.slow)) time += timeline_.between(0s, faults.slow_most);
  return time;
}

template <class T, class F>
Deferred<T> Disk::perform(Cost cost, std::size_t bytes, F effect) {
  auto promise = std::make_shared<Promise<T>>();
  auto deferred = promise->deferred();
  auto event = [this, boot = node_.boot, promise = std::move(promise),
                effect = std::move(effect)]() mutable {
    if (boot != node_.boot || !node_.up) return;
    if (!promise->wanted() && timeline_.random().chance(0.5)) return;
    promise->fire(effect());
  };
  MonotonicTime when = timeline_.now() + time_of(cost, bytes);
  timeline_.at(std::max(when, node_.stalled_until), std::move(event));
  return deferred;
}

std::uint64_t Disk::room() const {
  std::uint64_t used = names_.bytes();
  return faults.bytes_max > used ? faults.bytes_max - used : 0;
}

class SimFile final : public File {
 public:
  SimFile(Disk& disk, std::shared_ptr<Inode> inode, std::string path, bool writable)
      : disk_(disk),
        boot_(disk.node_.boot),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable) {}

  Deferred<Bytes> read(std::uint64_t offset, std::size_t length) override {
    return perform<Bytes>(
        Disk::Cost::small, length,
        [=, disk = &disk_, inode = inode_, path = path_]() -> Result<Bytes> {
          if (disk->timeline_.random().chance(disk->faults.read_fails)) {
            return Error(Code::io, "reading " + path + ": Input/output error");
          }
          if (offset >= inode->size()) return Bytes();
          return Bytes::copy(std::string_view(inode->content()).substr(offset, length));
        });
  }
  Deferred<void> write(std::uint64_t offset, BytesList bytes) override;
  Deferred<void> sync() override;
  Deferred<std::uint64_t> size() override {
    return perform<std::uint64_t>(
        Disk::Cost::small, 0, [inode = inode_]() { return Result<std::uint64_t>(inode->size()); });
  }
  Deferred<std::uint64_t> version() override {
    return perform<std::uint64_t>(Disk::Cost::small, 0, [inode = inode_]() {
      return Result<std::uint64_t>(hash64(inode->content(), inode->changes_made()));
    });
  }
  Deferred<void> truncate(std::uint64_t size) override;

 private:
  template <class T, class F>
  Deferred<T> perform(Disk::Cost cost, std::size_t bytes, F effect) {
    if (disk_.node_.boot != boot_ || !disk_.node_.up) {
      return failed<T>(Error(Code::closed, path_ + " was open when its host crashed"));
    }
    return disk_.perform<T>(cost, bytes, std::move(effect));
  }

  Disk& disk_;
  const std::uint32_t boot_;
  const std::shared_ptr<Inode> inode_;
  const std::string path_;
  const bool writable_;
};

namespace {

Error full(const std::string& path) {
  return Error(Code::disk_full, "writing " + path + ": No space left on device");
}

}  // namespace

Deferred<void> SimFile::write(std::uint64_t offset, BytesList bytes) {
  if (!writable_) return failed<void>(Error(Code::io, "writing " + path_ + ": open for reading"));
  std::string text;
  for (auto& piece : bytes) text += piece.view();
  std::size_t size = text.size();
  auto effect = [disk = &disk_, inode = inode_, path = path_, offset,
                 text = std::move(text)]() -> Result<void> {
    Random& random = disk->timeline_.random();
    disk->timeline_.note("write", disk->node_.number, text.size());
    std::uint64_t end = offset + text.size();
    std::uint64_t grows = end > inode->size() ? end - inode->size() : 0;
    if (grows > disk->room()) {
      std::uint64_t fits = text.size() - std::min<std::uint64_t>(text.size(), grows - disk->room());
      if (fits > 0) inode->write(offset, std::string_view(text).substr(0, fits));
      return full(path);
    }
    if (random.chance(disk->faults.write_fails)) {
      inode->write(offset, std::string_view(text).substr(0, random.below(text.size() + 1)));
      return Error(Code::io, "writing " + path + ": Input/output error");
    }
    inode->write(offset, text);
    return {};
  };
  return perform<void>(Disk::Cost::small, size, std::move(effect));
}

Deferred<void> SimFile::sync() {
  auto effect = [disk = &disk_, inode = inode_, path = path_,
                 made = inode_->changes_made()]() -> Result<void> {
    bool good = !disk->timeline_.random().chance(disk->faults.sync_fails);
    disk->timeline_.note("sync", disk->node_.number, good);
    if (good) {
      inode->synced(made);
      return {};
    }
    inode->sync_failed(made);
    return Error(Code::io, "syncing " + path + ": Input/output error");
  };
  return perform<void>(Disk::Cost::sync, 0, std::move(effect));
}

Deferred<void> SimFile::truncate(std::uint64_t size) {
  if (!writable_) return failed<void>(Error(Code::io, "cutting " + path_ + ": open for reading"));
  auto effect = [disk = &disk_, inode = inode_, path = path_, size]() -> Result<void> {
    if (size > inode->size() && size - inode->size() > disk->room()) return full(path);
    inode->truncate(size);
    return {};
  };
  return perform<void>(Disk::Cost::small, 0, std::move(effect));
}

Result<std::shared_ptr<Inode>> Disk::open_now(const std::string& path, OpenMode mode) {
  if (names_.exists(path)) {
    if (mode == OpenMode::create_new) {
      return Error(Code::already_exists, "opening " + path + ": File exists");
    }
    auto inode = TRY(names_.find(path));
    if (!inode) return Error(Code::io, "opening " + path + ": Is a directory");
    if (mode == OpenMode::write_emptied && inode->size() > 0) inode->truncate(0);
    return inode;
  }
  if (mode == OpenMode::read) {
    return Error(Code::not_found, "opening " + path + ": No such file or directory");
  }
  return names_.create(path);
}

Deferred<std::unique_ptr<File>> Disk::open(std::string path, OpenMode mode) {
  return perform<std::unique_ptr<File>>(
      Cost::small, 0, [this, path = Names::clean(path), mode]() -> Result<std::unique_ptr<File>> {
        auto inode = TRY(open_now(path, mode));
        return std::unique_ptr<File>(
            new SimFile(*this, std::move(inode), path, mode != OpenMode::read));
      });
}

Deferred<void> Disk::rename(std::string from, std::string to) {
  return perform<void>(Cost::small, 0, [this, from = Names::clean(from), to = Names::clean(to)] {
    timeline_.note("rename", node_.number);
    return names_.rename(from, to);
  });
}

Deferred<void> Disk::remove(std::string path) {
  return perform<void>(Cost::small, 0, [this, path = Names::clean(path)] {
    timeline_.note("remove", node_.number);
    return names_.remove(path);
  });
}

Deferred<void> Disk::make_folder(std::string path) {
  return perform<void>(Cost::small, 0,
                       [this, path = Names::clean(path)] { return names_.make_folders(path); });
}

Deferred<std::vector<FolderEntry>> Disk::list(std::string path) {
  return perform<std::vector<FolderEntry>>(
      Cost::small, 0, [this, path = Names::clean(path)]() -> Result<std::vector<FolderEntry>> {
        auto entries = TRY(names_.list(path));
        for (std::size_t i = entries.size(); i > 1; --i) {
          std::swap(entries[i - 1], entries[timeline_.random().below(i)]);
        }
        return entries;
      });
}

Deferred<void> Disk::sync_folder(std::string path) {
  auto effect = [this, path = Names::clean(path), made = names_.changes_made()]() -> Result<void> {
    timeline_.note("sync folder", node_.number);
    if (timeline_.random().chance(faults.sync_fails)) {
      return Error(Code::io, "syncing the folder " + path + ": Input/output error");
    }
    return names_.sync_folder(path, made);
  };
  return perform<void>(Cost::sync, 0, std::move(effect));
}

Deferred<std::uint64_t> Disk::free_bytes(std::string) {
  return perform<std::uint64_t>(Cost::small, 0, [this] { return Result<std::uint64_t>(room()); });
}

void Disk::lose_power() { names_.lose_power(timeline_.random()); }

}  // namespace berth::sim
