#include "observe/line_spill.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "observe/line_journal.h"

namespace berth::observe {
namespace {

constexpr std::string_view prefix = "spill-";

}  // namespace

Deferred<void> LineSpill::open() {
  co_await world_.disk.make_folder(folder_);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
  for (auto& entry : co_await world_.disk.list(folder_)) {
    if (!entry.name.starts_with(prefix)) continue;
    auto number = parse_integer<std::uint64_t>(std::string_view(entry.name).substr(prefix.size()));
    if (number.ok()) found.emplace_back(*number, entry.size);
  }
  std::ranges::sort(found);
  for (auto& [number, size] : found) {
    files_.push_back({folder_ + "/" + std::string(prefix) + std::to_string(number), size});
    bytes_ += size;
    next_ = number + 1;
  }
}

bool LineSpill::add(const LogLine& line) {
  if (pending_.size() > pending_bytes_max) return false;
  append_journal_record(pending_, 0, line);
  return true;
}

Deferred<void> LineSpill::write() {
  auto permit = co_await lock_.acquire();
  if (pending_.empty()) co_return;
  if (!file_ || files_.back().bytes > file_bytes_max) {
    std::string path = folder_ + "/" + std::string(prefix) + std::to_string(next_);
    file_ = co_await world_.disk.open(path, OpenMode::write_emptied);
    files_.push_back({path, 0});
    ++next_;
  }
  std::string text = std::exchange(pending_, {});
  auto written = co_await file_->write(files_.back().bytes, Bytes::copy(text)).result();
  if (!written.ok()) {
    pending_.insert(0, text);
    co_await or_return(std::move(written));
  }
  files_.back().bytes += text.size();
  bytes_ += text.size();
}

Deferred<std::string> LineSpill::take_file() {
  co_await write();
  auto permit = co_await lock_.acquire();
  if (files_.empty()) co_return std::string();
  if (files_.size() == 1) file_.reset();
  SpillFile oldest = files_.front();
  auto text = co_await world_.disk.read_file(oldest.path, file_bytes_max * 4).result();
  if (!text.ok() && text.error().is(Code::cancelled)) co_return std::move(text).error();
  files_.pop_front();
  bytes_ -= std::min(bytes_, oldest.bytes);
  (void)co_await world_.disk.remove(oldest.path).result();
  if (!text.ok()) {
    log_.error("spilled lines are lost", {{"path", oldest.path}, {"error", text.error()}});
    co_return std::string();
  }
  co_return std::move(*text);
}

}  // namespace berth::observe
