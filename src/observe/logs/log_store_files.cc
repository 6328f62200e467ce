// The files of a LogStore: segments of blocks, and write-ahead logs.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "async/clock.h"
#include "base/sealed.h"
#include "base/strings.h"
#include "observe/logs/log_record.h"
#include "observe/logs/log_store.h"

namespace berth::observe {
namespace {

constexpr std::string_view segment_magic = "BRTHLINE";
constexpr std::size_t head_bytes_guess = 4096;

/// Numbers of the files that are named PREFIX-NUMBER.lines, in order.
template <class T>
std::vector<T> numbers_of(const std::vector<FolderEntry>& entries, std::string_view prefix) {
  std::vector<T> out;
  for (auto& entry : entries) {
    std::string_view name = entry.name;
    if (!name.starts_with(prefix) || !name.ends_with(".lines")) continue;
    name.remove_prefix(prefix.size());
    name.remove_suffix(6);
    auto number = parse_integer<T>(name);
    if (number.ok()) out.push_back(*number);
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::string LogStore::segment_path(std::uint32_t number) const {
  return fmt::format("{}/segment-{}.lines", options_.folder, number);
}

std::string LogStore::log_path(std::uint64_t first_sequence) const {
  return fmt::format("{}/log-{}.lines", options_.folder, first_sequence);
}

Deferred<void> LogStore::read_segments() {
  auto entries = co_await world_.disk.list(options_.folder);
  for (auto number : numbers_of<std::uint32_t>(entries, "segment-")) {
    last_segment_ = number;
    auto read = co_await read_segment(number).result();
    if (read.ok()) continue;
    ++counters_.blocks_damaged;
    log_.error("a segment of log lines is left out",
               {{"path", segment_path(number)}, {"error", read.error()}});
  }
}

/// By the blocks' heads alone. A torn end, whose lines still stand in their write-ahead log, is
/// cut.
Deferred<void> LogStore::read_segment(std::uint32_t number) {
  Segment segment;
  segment.number = number;
  segment.file = co_await world_.disk.open(segment_path(number), OpenMode::write);
  std::uint64_t size = co_await segment.file->size();
  segment.size = segment_magic.size();
  Bytes begin = co_await segment.file->read(0, segment_magic.size());
  if (begin.view() != segment_magic) {
    if (size > segment_magic.size()) co_await fail_with(Error(Code::invalid, "it has no begin"));
    co_await world_.disk.remove(segment_path(number));  // nothing was ever stored in it
    co_return;
  }
  while (segment.size < size) {
    Bytes text = co_await segment.file->read(segment.size, head_bytes_guess);
    std::size_t bytes = BlockHead::bytes_of(text.view());
    if (bytes > BlockHead::bytes_max) break;
    if (bytes > text.size()) text = co_await segment.file->read(segment.size, bytes);
    auto head = BlockHead::read(text.view());
    if (!head.ok() || segment.size + head->bytes > size) break;
    std::uint64_t offset = segment.size;
    segment.size += head->bytes;
    if (head->first_sequence < stored_next_) continue;  // stored twice: its sync had failed
    stored_next_ = head->first_sequence + head->lines;
    segment.newest = std::max(segment.newest, head->newest);
    segment.blocks.push_back(std::make_shared<const Stored>(std::move(*head), offset));
  }
  if (segment.size < size) {
    log_.info("the torn end of a segment of log lines was cut",
              {{"path", segment_path(number)}, {"bytes", size - segment.size}});
    co_await segment.file->truncate(segment.size);
  }
  segments_.push_back(std::move(segment));
}

Deferred<void> LogStore::read_logs() {
  auto entries = co_await world_.disk.list(options_.folder);
  for (auto first : numbers_of<std::uint64_t>(entries, "log-")) {
    if (first >= stored_next_) {
      auto read = co_await read_log(first).result();
      if (read.ok()) continue;
      log_.error("a log of lines is left out",
                 {{"path", log_path(first)}, {"error", read.error()}});
    } else {
      co_await world_.disk.remove(log_path(first));
    }
  }
}

/// Its lines become a batch that waits to be packed.
Deferred<void> LogStore::read_log(std::uint64_t first_sequence) {
  std::string path = log_path(first_sequence);
  std::string all = co_await world_.disk.read_file(path, std::size_t{1} << 30);
  std::string_view text = all;
  std::size_t begin = line_log_magic.size() + sizeof(std::uint64_t);
  Head head;
  head.batch = std::make_shared<LineBatch>(first_sequence);
  if (text.size() >= begin && text.starts_with(line_log_magic)) {
    text.remove_prefix(begin);
    while (auto body = take_sealed(text, line_record_bytes_max)) {
      if (!take_lines(*body, *head.batch)) break;
    }
  }
  if (!text.empty()) {
    log_.info("the torn end of a log of lines was left out",
              {{"path", path}, {"bytes", text.size()}});
  }
  if (head.batch->empty()) {
    co_await world_.disk.remove(path);
    co_return;
  }
  head.logged = head.batch->size();
  head.written = all.size();
  head.file = co_await world_.disk.open(path, OpenMode::write);
  head.begun = world_.clock.now();
  heads_.push_back(std::move(head));
}

Deferred<void> LogStore::open_segment() {
  Segment segment;
  segment.number = ++last_segment_;
  segment.file = co_await world_.disk.open(segment_path(segment.number), OpenMode::write_emptied);
  co_await segment.file->write(0, Bytes::literal(segment_magic));
  segment.size = segment_magic.size();
  co_await world_.disk.sync_folder(options_.folder);
  segments_.push_back(std::move(segment));
}

/// Holds `packing_`.
Deferred<void> LogStore::store_block(std::string block) {
  auto head = co_await or_return(BlockHead::read(block));
  if (segments_.empty() || segments_.back().size >= options_.segment_bytes_max) {
    co_await open_segment();
  }
  std::uint32_t number = segments_.back().number;
  std::shared_ptr<File> file = segments_.back().file;
  std::uint64_t offset = segments_.back().size;
  auto synced = co_await file->write_synced(offset, Bytes::copy(block));
  if (segments_.empty() || segments_.back().number != number) {
    co_await fail_with(Error(Code::unavailable, "its segment has made room"));
  }
  if (synced) {
    // Nothing of that file since its last sync may be trusted: the block goes to another one.
    co_await open_segment();
    co_await fail_with(std::move(*synced));
  }
  Segment& segment = segments_.back();
  segment.size += block.size();
  segment.newest = std::max(segment.newest, head.newest);
  stored_next_ = std::max(stored_next_, head.first_sequence + head.lines);
  segment.blocks.push_back(std::make_shared<const Stored>(std::move(head), offset));
}

Deferred<void> LogStore::remove_first_segment() {
  Segment gone = std::move(segments_.front());
  segments_.pop_front();
  ++counters_.segments_removed;
  for (auto& block : gone.blocks) counters_.lines_removed += block->head.lines;
  co_await world_.disk.remove(segment_path(gone.number));
}

Deferred<void> LogStore::remove_old() {
  std::int64_t before = world_.clock.wall().nanoseconds - options_.kept.count();
  while (segments_.size() > 1 &&
         (bytes_on_disk() > options_.bytes_max || segments_.front().newest < before)) {
    co_await remove_first_segment();
  }
}

std::uint64_t LogStore::bytes_on_disk() const {
  std::uint64_t sum = 0;
  for (auto& segment : segments_) sum += segment.size;
  for (auto& head : heads_) sum += head.written;
  return sum;
}

std::uint64_t LogStore::lines_kept() const {
  std::uint64_t sum = 0;
  for (auto& segment : segments_) {
    for (auto& block : segment.blocks) sum += block->head.lines;
  }
  for (auto& head : heads_) sum += head.batch->size();
  return sum;
}

}  // namespace berth::observe
