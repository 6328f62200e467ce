#include "storage/history.h"

#include <algorithm>

namespace berth::storage {

bool Gathered::add(const Committed& committed, const Range& range) {
  up_to = committed.revision;
  for (auto& change : committed.changes) {
    if (!contains(range, change.key)) continue;
    bytes += change.key.size() + (change.after ? change.after->value.size() : 0);
    changes.push_back({change.key, std::nullopt, committed.revision});
    if (change.after) changes.back().value = change.after->value;
  }
  return changes.size() < changes_enough && bytes < bytes_enough;
}

void look_back(Past& past, const Committed& later, const Range& range) {
  for (auto& change : later.changes) {
    if (contains(range, change.key)) past.try_emplace(change.key, change.before);
  }
}

Result<Page> page_of(const Range& range, Revision revision, const Past& past,
                     const NextEntry& next) {
  Page page{{}, revision, false};
  std::size_t bytes = 0;
  auto full = [&] { return page.entries.size() >= range.entries_max || bytes >= page_bytes_max; };
  auto take = [&](Entry entry) {
    page.more = full();
    if (page.more) return false;
    bytes += entry.key.size() + entry.value.size();
    page.entries.push_back(std::move(entry));
    return true;
  };
  auto then = past.begin();
  auto now = TRY(next());
  while (now || then != past.end()) {
    bool was_changed = then != past.end() && (!now || then->first <= now->key);
    if (was_changed && now && now->key == then->first) now = TRY(next());
    if (was_changed) {
      auto& before = (then++)->second;
      if (before && !take(*before)) return page;
    } else {
      if (!take(std::move(*now))) return page;
      now = TRY(next());
    }
  }
  return page;
}

void History::begin_at(Revision revision) {
  revisions_.clear();
  bytes_ = 0;
  floor_ = revision;
}

void History::add(Committed committed) {
  check(committed.revision == present() + 1, "a revision is missing");
  bytes_ += bytes_of(committed);
  revisions_.push_back(std::move(committed));
  while (revisions_.size() > revisions_max_ || (bytes_ > bytes_max_ && revisions_.size() > 1)) {
    forget(floor_ + 1);
  }
}

void History::forget(Revision revision) {
  while (floor_ < revision && !revisions_.empty()) {
    bytes_ -= bytes_of(revisions_.front());
    revisions_.pop_front();
    ++floor_;
  }
}

Gathered History::changes(const Range& range, Revision after) const {
  Gathered out;
  out.up_to = after;
  if (after >= present()) return out;
  for (std::size_t i = after - floor_; i < revisions_.size(); ++i) {
    if (!out.add(revisions_[i], range)) break;
  }
  return out;
}

Past History::past(const Range& range) const {
  Past past;
  for (std::size_t i = range.at - floor_; i < revisions_.size(); ++i) {
    look_back(past, revisions_[i], range);
  }
  return past;
}

}  // namespace berth::storage
