#include "os/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/hash.h"
#include "os/descriptor.h"

namespace berth::os {
namespace {

/// Shared with the operations under way, so that closing waits for none of them.
struct OpenFile {
  Descriptor fd;
  std::string path;
};

Result<void> write_all(const OpenFile& file, std::uint64_t offset, const Bytes& bytes) {
  std::string_view left = bytes.view();
  while (!left.empty()) {
    ssize_t count = ::pwrite(file.fd.get(), left.data(), left.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, "writing " + file.path);
    left.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<void> write_list(const OpenFile& file, std::uint64_t offset, const BytesList& bytes) {
  for (auto& piece : bytes) {
    TRY(write_all(file, offset, piece));
    offset += piece.size();
  }
  return {};
}

Result<void> sync_data(const OpenFile& file) {
  if (::fdatasync(file.fd.get()) != 0) return system_error(errno, "syncing " + file.path);
  return {};
}

Result<Bytes> read_some(const OpenFile& file, std::uint64_t offset, std::size_t length) {
  Block* block = Block::allocate(length == 0 ? 1 : length);
  std::size_t done = 0;
  while (done < length) {
    ssize_t count = ::pread(file.fd.get(), block->data() + done, length - done,
                            static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      int number = errno;
      block->release();
      return system_error(number, "reading " + file.path);
    }
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return Bytes(block, block->data(), done);
}

/// A file that is replaced has another inode, one that is written to another time.
std::uint64_t version_of(const struct stat& info) {
  std::uint64_t parts[] = {info.st_dev,
                           info.st_ino,
                           static_cast<std::uint64_t>(info.st_size),
                           static_cast<std::uint64_t>(info.st_mtim.tv_sec),
                           static_cast<std::uint64_t>(info.st_mtim.tv_nsec),
                           static_cast<std::uint64_t>(info.st_ctim.tv_nsec)};
  return hash64({reinterpret_cast<const char*>(parts), sizeof parts});
}

Result<struct stat> look_at(const OpenFile& file) {
  struct stat info;
  if (::fstat(file.fd.get(), &info) != 0) return system_error(errno, "looking at " + file.path);
  return info;
}

Result<std::shared_ptr<OpenFile>> open_file(const std::string& path, int flags) {
  auto file = std::make_shared<OpenFile>();
  file->fd = Descriptor(::open(path.c_str(), flags, 0644));
  file->path = path;
  if (!file->fd.valid()) return system_error(errno, "opening " + path);
  return file;
}

using Synced = Result<std::optional<Error>>;

class DiskFile final : public File {
 public:
  DiskFile(berth::Workers& workers, std::shared_ptr<OpenFile> file)
      : workers_(workers), file_(std::move(file)) {}

  Deferred<Bytes> read(std::uint64_t offset, std::size_t length) override {
    return run_on(workers_,
                  [file = file_, offset, length] { return read_some(*file, offset, length); });
  }
  Deferred<void> write(std::uint64_t offset, BytesList bytes) override {
    return run_on(workers_, [file = file_, offset, bytes = std::move(bytes)] {
      return write_list(*file, offset, bytes);
    });
  }
  Deferred<void> sync() override {
    return run_on(workers_, [file = file_] { return sync_data(*file); });
  }
  Deferred<std::optional<Error>> write_synced(std::uint64_t offset, BytesList bytes) override {
    return run_on(workers_, [file = file_, offset, bytes = std::move(bytes)]() -> Synced {
      TRY(write_list(*file, offset, bytes));
      auto synced = sync_data(*file);
      if (!synced.ok()) return std::optional(std::move(synced).error());
      return std::optional<Error>();
    });
  }
  Deferred<std::uint64_t> size() override {
    return run_on(workers_, [file = file_]() -> Result<std::uint64_t> {
      return static_cast<std::uint64_t>(TRY(look_at(*file)).st_size);
    });
  }
  Deferred<std::uint64_t> version() override {
    return run_on(workers_, [file = file_]() -> Result<std::uint64_t> {
      return version_of(TRY(look_at(*file)));
    });
  }
  int descriptor() const override { return file_->fd.get(); }
  Deferred<void> truncate(std::uint64_t size) override {
    return run_on(workers_, [file = file_, size]() -> Result<void> {
      if (::ftruncate(file->fd.get(), static_cast<off_t>(size)) != 0) {
        return system_error(errno, "cutting " + file->path);
      }
      return {};
    });
  }

 private:
  berth::Workers& workers_;
  std::shared_ptr<OpenFile> file_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY | O_CLOEXEC;
    case OpenMode::write:
      return O_RDWR | O_CREAT | O_CLOEXEC;
    case OpenMode::create_new:
      return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    case OpenMode::write_emptied:
      return O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
  }
  return 0;
}

std::string link_target(const std::string& path) {
  char target[4096];
  ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  return {target, size > 0 ? static_cast<std::size_t>(size) : 0};
}

Result<std::vector<FolderEntry>> list_folder(const std::string& path) {
  DIR* folder = ::opendir(path.c_str());
  if (!folder) return system_error(errno, "listing " + path);
  std::vector<FolderEntry> entries;
  while (dirent* entry = ::readdir(folder)) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat info;
    std::string whole = path + "/" + name;
    if (::lstat(whole.c_str(), &info) != 0) continue;
    std::string link = S_ISLNK(info.st_mode) ? link_target(whole) : "";
    if (!link.empty() && ::stat(whole.c_str(), &info) != 0) info = {};  // to nothing
    entries.push_back({name, S_ISDIR(info.st_mode), static_cast<std::uint64_t>(info.st_size),
                       (info.st_mode & S_IXUSR) != 0, std::move(link)});
  }
  ::closedir(folder);
  return entries;
}

Result<void> make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0755) != 0) {
      struct stat info;
      bool there = errno == EEXIST && ::stat(part.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
      if (!there) return system_error(errno, "making the folder " + part);
    }
    if (slash == std::string::npos) return {};
  }
}

}  // namespace

Deferred<std::unique_ptr<File>> Disk::open(std::string path, OpenMode mode) {
  auto opened = co_await run_on(workers_, [path, mode] { return open_file(path, flags_of(mode)); });
  co_return std::unique_ptr<File>(new DiskFile(workers_, std::move(opened)));
}

Deferred<OpenedFile> Disk::open_to_read(std::string path) {
  struct Opened {
    std::shared_ptr<OpenFile> file;
    std::uint64_t size;
    std::uint64_t version;
  };
  auto opened = co_await run_on(workers_, [path]() -> Result<Opened> {
    auto file = TRY(open_file(path, flags_of(OpenMode::read)));
    struct stat info = TRY(look_at(*file));
    return Opened{std::move(file), static_cast<std::uint64_t>(info.st_size), version_of(info)};
  });
  co_return OpenedFile{std::make_unique<DiskFile>(workers_, std::move(opened.file)), opened.size,
                       opened.version};
}

Deferred<void> Disk::rename(std::string from, std::string to) {
  return run_on(workers_, [from = std::move(from), to = std::move(to)]() -> Result<void> {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return system_error(errno, "renaming " + from + " to " + to);
    return {};
  });
}

Deferred<void> Disk::remove(std::string path) {
  return run_on(workers_, [path = std::move(path)]() -> Result<void> {
    if (::remove(path.c_str()) != 0) return system_error(errno, "removing " + path);
    return {};
  });
}

Deferred<void> Disk::make_folder(std::string path) {
  return run_on(workers_, [path = std::move(path)] { return make_folders(path); });
}

Deferred<std::vector<FolderEntry>> Disk::list(std::string path) {
  return run_on(workers_, [path = std::move(path)] { return list_folder(path); });
}

Deferred<void> Disk::sync_folder(std::string path) {
  return run_on(workers_, [path = std::move(path)]() -> Result<void> {
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0)
      return system_error(errno, "syncing the folder " + path);
    return {};
  });
}

Deferred<std::uint64_t> Disk::free_bytes(std::string path) {
  return run_on(workers_, [path = std::move(path)]() -> Result<std::uint64_t> {
    struct statvfs info;
    if (::statvfs(path.c_str(), &info) != 0)
      return system_error(errno, "looking at the disk of " + path);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  });
}

}  // namespace berth::os
