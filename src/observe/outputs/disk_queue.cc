#include "observe/outputs/disk_queue.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "observe/outputs/event_record.h"

namespace berth::observe {
namespace {

constexpr std::string_view magic = "BRTHOUT1";
constexpr std::string_view suffix = ".queue";
constexpr std::size_t chunk_bytes = 256 << 10;  // that are read at once

std::optional<std::uint32_t> number_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  auto number = parse_integer<std::uint32_t>(name);
  return number.ok() ? std::optional(*number) : std::nullopt;
}

}  // namespace

std::string DiskQueue::path(std::uint32_t number) const {
  return fmt::format("{}/{}-{:010}{}", folder_, name_, number, suffix);
}

std::uint64_t DiskQueue::bytes() const {
  std::uint64_t all = unwritten_bytes();
  for (auto& part : parts_) all += part.bytes;
  return all;
}

Deferred<void> DiskQueue::open(QueuePlace done) {
  auto entries = co_await disk_.list(folder_);
  for (auto& entry : entries) {
    if (auto number = number_of(entry.name, name_ + "-")) {
      parts_.push_back({*number, entry.size, 0});
    }
  }
  std::ranges::sort(parts_, {}, &Part::number);
  while (!parts_.empty() && parts_.front().number < done.file) {
    dropped_.push_back(parts_.front().number);
    parts_.pop_front();
  }
  co_await remove_dropped();
  done_ = done;
  if (parts_.empty()) {
    parts_.push_back({done.file + 1, 0, 0});
    done_ = {done.file + 1, magic.size()};
    co_return;
  }
  if (done_.file != parts_.front().number) done_ = {parts_.front().number, magic.size()};
  for (auto& part : parts_) {
    std::uint64_t from = part.number == done_.file ? done_.offset : magic.size();
    co_await count(part, from, &part == &parts_.back());
  }
  done_.offset = std::min(done_.offset, std::max(parts_.front().bytes, magic.size()));
}

/// Counts the events of a file and finds its good end; the newest is cut there.
Deferred<void> DiskQueue::count(Part& part, std::uint64_t from, bool newest) {
  auto file = co_await disk_.open(path(part.number), OpenMode::write);
  Bytes bytes = co_await file->read(0, part.bytes);
  std::string_view text = bytes.view();
  std::uint64_t good = 0;
  if (text.starts_with(magic)) {
    text.remove_prefix(magic.size());
    good = magic.size();
  } else {
    text = {};
  }
  while (!text.empty()) {
    auto record = take_event_record(text);
    if (!record) break;
    std::uint64_t at = good;
    good = bytes.size() - text.size();
    if (at < from) continue;
    if (written_events_ == 0) oldest_ = record->accepted;
    ++part.events;
    ++written_events_;
  }
  if (good == part.bytes) co_return;
  if (newest) {
    co_await file->truncate(good);
    part.bytes = good;
  } else {
    ++damaged_;  // at least one
  }
}

void DiskQueue::append(WallTime now, const Event& event) {
  if (events() == 0) oldest_ = now;
  append_event_record(unwritten_, now, event);
  ++unwritten_events_;
}

Deferred<void> DiskQueue::next_file() {
  std::uint32_t number = parts_.back().number;
  bool fresh = parts_.back().bytes == 0;
  if (!fresh) ++number;
  auto file = co_await disk_.open(path(number), OpenMode::write_emptied);
  co_await file->write(0, Bytes::literal(magic));
  co_await disk_.sync_folder(folder_);
  if (unsynced_ && file_) co_await file_->sync();
  file_ = std::move(file);
  if (fresh) {
    parts_.back().bytes = magic.size();
  } else {
    parts_.push_back({number, magic.size(), 0});
  }
}

Deferred<void> DiskQueue::write() {
  co_await remove_dropped();
  while (!unwritten_.empty() || !writing_.empty()) {
    if (!file_ && parts_.back().bytes > 0) {
      file_ = co_await disk_.open(path(parts_.back().number), OpenMode::write);
    }
    if (!file_ || parts_.back().bytes >= file_bytes_) co_await next_file();
    if (writing_.empty()) {
      writing_.swap(unwritten_);
      std::swap(writing_events_, unwritten_events_);
    }
    unsynced_ = true;
    co_await file_->write(parts_.back().bytes, Bytes::copy(writing_));
    parts_.back().bytes += writing_.size();
    parts_.back().events += writing_events_;
    written_events_ += writing_events_;
    writing_events_ = 0;
    writing_.clear();
  }
}

Deferred<void> DiskQueue::sync() {
  if (!file_ || !unsynced_) co_return;
  unsynced_ = false;
  auto synced = co_await file_->sync().result();
  if (!synced.ok()) unsynced_ = true;
  co_await or_return(std::move(synced));
}

/// What cannot be read of a file is given up.
void DiskQueue::leave_damaged(Part& part) {
  damaged_ += part.events;
  written_events_ -= part.events;
  part.events = 0;
  done_ = {part.number, part.bytes};
}

Deferred<QueueBatch> DiskQueue::read(std::size_t events_max, std::optional<QueuePlace> to) {
  QueueBatch out;
  reading_ = 0;
  while (written_events_ > 0 && parts_.front().events == 0 && parts_.size() > 1) {
    QueuePlace end{parts_.front().number, parts_.front().bytes};
    co_await pass(end, 0);
  }
  if (written_events_ == 0) co_return out;
  Part& part = parts_.front();
  if (!reader_ || reader_number_ != part.number) {
    reader_ = co_await disk_.open(path(part.number), OpenMode::read);
    reader_number_ = part.number;
  }
  out.from = done_;
  bool told = to && to->file == part.number && to->offset > done_.offset;
  std::uint64_t end = told ? std::min(to->offset, part.bytes) : part.bytes;
  std::uint64_t wanted = told ? end - done_.offset : chunk_bytes;
  for (;;) {
    wanted = std::min(wanted, end - done_.offset);
    Bytes bytes = co_await reader_->read(done_.offset, wanted);
    std::string_view text = bytes.view();
    while (!text.empty() && (told || out.events.size() < events_max)) {
      auto record = take_event_record(text);
      if (!record) break;
      if (out.events.empty()) out.oldest = record->accepted;
      out.events.push_back(std::move(record->event));
    }
    out.to = {part.number, done_.offset + bytes.size() - text.size()};
    if (!out.events.empty()) break;
    if (wanted >= end - done_.offset || wanted > event_record_bytes_max) {
      leave_damaged(part);
      break;
    }
    wanted *= 8;  // a large record
  }
  if (!out.events.empty()) oldest_ = out.oldest;
  reading_ = out.events.size();
  co_return out;
}

Deferred<void> DiskQueue::pass(QueuePlace to, std::size_t events) {
  reading_ = 0;
  if (to.file != parts_.front().number) co_return;  // it was dropped meanwhile
  Part& part = parts_.front();
  std::uint64_t passed = std::min<std::uint64_t>(events, part.events);
  part.events -= passed;
  written_events_ -= passed;
  done_ = to;
  if (part.events == 0 && parts_.size() > 1) {
    dropped_.push_back(part.number);
    parts_.pop_front();
    done_ = {parts_.front().number, magic.size()};
    co_await remove_dropped();
  }
}

Deferred<std::uint64_t> DiskQueue::drop_oldest() {
  if (written_events_ == 0) {
    std::uint64_t lost = unwritten_events_;
    unwritten_.clear();
    unwritten_events_ = 0;
    co_return lost;
  }
  Part part = parts_.front();
  written_events_ -= part.events;
  std::uint64_t lost = part.events - std::min<std::uint64_t>(part.events, reading_);
  reading_ = 0;
  parts_.pop_front();
  if (parts_.empty()) {  // the next write begins another file
    file_ = nullptr;
    parts_.push_back({part.number + 1, 0, 0});
  }
  dropped_.push_back(part.number);
  done_ = {parts_.front().number, magic.size()};
  co_await remove_dropped();
  co_return lost;
}

Deferred<void> DiskQueue::remove_dropped() {
  while (!dropped_.empty()) {
    if (reader_number_ == dropped_.back()) reader_ = nullptr;
    auto removed = co_await disk_.remove(path(dropped_.back())).result();
    if (!removed.ok() && !removed.error().is(Code::not_found)) {
      co_await fail_with(std::move(removed).error());
    }
    dropped_.pop_back();
  }
}

}  // namespace berth::observe
