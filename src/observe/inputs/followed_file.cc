#include "observe/inputs/followed_file.h"

#include <algorithm>

#include "base/hash.h"

namespace berth::observe {

Deferred<bool> FollowedFile::is_known(File& file) {
  if (position_.print_bytes == 0) co_return true;
  Bytes first = co_await file.read(0, position_.print_bytes);
  co_return first.size() == position_.print_bytes&& hash64(first.view()) == position_.print;
}

Deferred<void> FollowedFile::note_print(File& file) {
  if (position_.print_bytes >= print_bytes_max) co_return;
  Bytes first = co_await file.read(0, print_bytes_max);
  std::size_t known = std::min<std::uint64_t>(first.size(), position_.offset);
  position_.print_bytes = static_cast<std::uint32_t>(known);
  position_.print = hash64(first.view().substr(0, known));
}

/// After a start: the file at the path, or the one that it was renamed to meanwhile.
Deferred<void> FollowedFile::find_again() {
  if (position_.offset > 0) {
    auto renamed = co_await disk_.open(path_ + ".1", OpenMode::read).result();
    auto here = co_await disk_.open(path_, OpenMode::read).result();
    bool same = here.ok() && co_await is_known(**here);
    if (!same && renamed.ok() && co_await is_known(**renamed)) {
      file_ = std::move(*renamed);
      if (here.ok()) next_ = std::move(*here);
      co_return;
    }
  }
  auto opened = co_await disk_.open(path_, OpenMode::read).result();
  gone_ = !opened.ok() && opened.error().is(Code::not_found);
  if (gone_) co_return;
  file_ = co_await or_return(std::move(opened));
  std::uint64_t size = co_await file_->size();
  bool known = co_await is_known(*file_);
  if (!known || size < position_.offset) position_ = {};
}

Deferred<bool> FollowedFile::look() {
  auto opened = co_await disk_.open(path_, OpenMode::read).result();
  gone_ = !opened.ok() && opened.error().is(Code::not_found);
  if (gone_) co_return false;
  auto now = co_await or_return(std::move(opened));
  std::uint64_t size = co_await now->size();
  bool known = co_await is_known(*now);
  // Of a file of which nothing was read nothing is known: what has something is read.
  bool same = known && size >= position_.offset && (position_.offset > 0 || size == 0);
  if (same) co_return false;
  next_ = std::move(now);
  co_return true;
}

Deferred<FollowedFile::Read> FollowedFile::read(std::size_t bytes_max) {
  Read out;
  if (!file_) co_await find_again();
  if (!file_) co_return out;
  std::uint64_t size = co_await file_->size();
  if (size < position_.offset) {
    position_ = {};  // truncated
    out.begins = true;
  }
  Bytes bytes = co_await file_->read(position_.offset, bytes_max);
  if (bytes.empty()) {
    if (!next_ && !co_await look()) co_return out;
    // The old one may have got its last bytes just before it was renamed.
    bytes = co_await file_->read(position_.offset, bytes_max);
    if (bytes.empty()) {
      file_ = std::move(next_);
      position_ = {};
      out.begins = true;
      bytes = co_await file_->read(0, bytes_max);
    }
  }
  position_.offset += bytes.size();
  out.bytes = bytes.view();
  if (!bytes.empty()) co_await note_print(*file_);
  co_return out;
}

Deferred<void> FollowedFile::skip_to_end() {
  co_await find_again();
  if (!file_) co_return;
  position_.offset = co_await file_->size();
  co_await note_print(*file_);
}

}  // namespace berth::observe
