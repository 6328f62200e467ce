#include "async/disk.h"

#include <algorithm>

namespace berth {
namespace {

std::string folder_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

}  // namespace

Deferred<std::uint64_t> File::version() {
  return failed<std::uint64_t>(Error(Code::unsupported, "files of this disk have no versions"));
}

Deferred<std::optional<Error>> File::write_synced(std::uint64_t offset, BytesList bytes) {
  co_await write(offset, std::move(bytes));
  auto synced = co_await sync().result();
  if (!synced.ok()) co_return std::optional<Error>(std::move(synced).error());
  co_return std::optional<Error>();
}

Deferred<void> Disk::make_durable_folder(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  co_await make_folder(path);
  while (path != "/" && path != ".") {
    path = folder_of(path);
    auto synced = co_await sync_folder(path).result();
    if (!synced.ok() && !synced.error().is(Code::denied)) {
      co_await fail_with(std::move(synced).error());
    }
  }
}

Deferred<OpenedFile> Disk::open_to_read(std::string path) {
  OpenedFile opened;
  opened.file = co_await open(std::move(path), OpenMode::read);
  opened.size = co_await opened.file->size();
  opened.version = co_await opened.file->version();
  co_return std::move(opened);
}

Deferred<std::string> Disk::read_file(std::string path, std::size_t bytes_max) {
  auto file = co_await open(path, OpenMode::read);
  std::uint64_t size = co_await file->size();
  if (size > bytes_max) {
    co_return Error(Code::overloaded,
                    path + " has " + std::to_string(size) + " bytes, more than is read at once");
  }
  Bytes bytes = co_await file->read(0, size);
  co_return bytes.text();
}

Deferred<void> Disk::replace_file(std::string path, std::string content) {
  std::string temporary = path + ".new";
  {
    auto file = co_await open(temporary, OpenMode::write_emptied);
    co_await file->write(0, Bytes::copy(content));
    co_await file->sync();
  }
  co_await rename(temporary, path);
  co_await sync_folder(folder_of(path));
}

}  // namespace berth
