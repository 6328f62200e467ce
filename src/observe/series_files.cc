#include "observe/series_files.h"

#include <algorithm>

#include "base/strings.h"
#include "observe/series_record.h"

namespace berth::observe {

std::string SeriesFiles::path(std::int64_t begin) const {
  return folder_ + "/" + kind_ + "-" + std::to_string(begin) + ".series";
}

Deferred<void> SeriesFiles::read(std::int64_t now, Found found) {
  auto entries = co_await disk_.list(folder_);
  std::vector<std::int64_t> begins;
  for (auto& entry : entries) {
    std::string_view name = entry.name;
    if (!name.starts_with(kind_ + "-") || !name.ends_with(".series")) continue;
    name.remove_prefix(kind_.size() + 1);
    name.remove_suffix(7);
    auto begin = parse_integer<std::int64_t>(name);
    if (begin.ok() && *begin + seconds_each_ >= now - kept_) begins.push_back(*begin);
  }
  std::ranges::sort(begins);
  for (std::int64_t begin : begins) {
    auto read = co_await disk_.read_file(path(begin), file_bytes_max).result();
    if (!read.ok()) {
      log_.warning("a series file was skipped", {{"path", path(begin)}, {"error", read.error()}});
      continue;
    }
    std::string_view text = *read;
    if (!text.starts_with(series_file_magic)) continue;
    text.remove_prefix(series_file_magic.size());
    std::unordered_map<std::uint64_t, std::pair<SeriesKey, SeriesKind>> defined;
    while (auto record = take_record(text)) {
      if (record->definition) {
        defined[record->id] = std::move(*record->definition);
      } else if (auto key = defined.find(record->id); key != defined.end()) {
        found(key->second.first, key->second.second, record->point);
      }
    }
    if (!text.empty()) {
      log_.info("the torn end of a series file was left out",
                {{"path", path(begin)}, {"bytes", text.size()}});
    }
  }
}

void SeriesFiles::append(const Series& series, const Series::Point& point) {
  waiting_bytes_ += sizeof point + point.histogram.size();
  if (waiting_bytes_ > buffer_bytes_max) {
    ++dropped_;
    waiting_bytes_ -= sizeof point + point.histogram.size();
    return;
  }
  waiting_.emplace_back(&series, point);
}

Deferred<void> SeriesFiles::open_file(std::int64_t begin) {
  file_.reset();
  ids_.clear();
  // A file of an earlier run is left as it is, since its numbers are not known: a new one begins
  // at this second.
  auto opened = co_await disk_.open(path(begin), OpenMode::create_new).result();
  while (!opened.ok() && opened.error().is(Code::already_exists)) {
    ++begin;
    opened = co_await disk_.open(path(begin), OpenMode::create_new).result();
  }
  file_ = co_await or_return(std::move(opened));
  file_begin_ = begin;
  file_bytes_ = 0;
  pending_ = series_file_magic;
}

Deferred<void> SeriesFiles::flush(std::int64_t now) {
  if (waiting_.empty() && pending_.empty()) co_return;
  if (!file_ || now >= file_begin_ + seconds_each_ || file_bytes_ > file_bytes_max / 2) {
    co_await open_file(now);
    co_await remove_old(now);
  }
  for (auto& [series, point] : waiting_) {
    auto [place, fresh] = ids_.try_emplace(series, ids_.size());
    if (fresh) {
      append_record(pending_, {place->second, std::pair(series->key(), series->kind()), {}});
    }
    append_record(pending_, {place->second, {}, point});
  }
  waiting_.clear();
  waiting_bytes_ = 0;
  std::string text = std::exchange(pending_, {});
  auto written = co_await file_->write(file_bytes_, Bytes::copy(text)).result();
  if (!written.ok()) {
    file_.reset();  // what part of it stands there is unknown: go on in a new file
    co_await fail_with(std::move(written).error());
  }
  file_bytes_ += text.size();
}

Deferred<void> SeriesFiles::sync() {
  if (file_) co_await file_->sync();
}

Deferred<void> SeriesFiles::remove_old(std::int64_t now) {
  auto entries = co_await disk_.list(folder_);
  for (auto& entry : entries) {
    std::string_view name = entry.name;
    if (!name.starts_with(kind_ + "-") || !name.ends_with(".series")) continue;
    auto begin =
        parse_integer<std::int64_t>(name.substr(kind_.size() + 1, name.size() - kind_.size() - 8));
    if (!begin.ok() || *begin + seconds_each_ >= now - kept_) continue;
    auto removed = co_await disk_.remove(folder_ + "/" + entry.name).result();
    if (!removed.ok()) {
      log_.warning("an old series file stays", {{"path", entry.name}, {"error", removed.error()}});
    }
  }
}

}  // namespace berth::observe
