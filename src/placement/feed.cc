#include "placement/feed.h"

#include <algorithm>
#include <tuple>

#include "async/clock.h"

namespace berth::placement {

namespace {
constexpr int attempts_max = 10;
constexpr std::size_t entries_in_a_batch = 25;
constexpr Duration attempt_pause = 50ms;
constexpr Duration mirror_wait_most = 1s;
}  // namespace

Feed::Feed(World& world, Log log, storage::Store& store, Mirror& mirror)
    : world_(world), log_(log), store_(store), mirror_(mirror) {}

void Feed::add(FeedEntry entry) {
  entry.time = world_.clock.wall();
  if (waiting_.size() >= entries_kept) {
    log_.warning("the feed is not written fast enough; an entry is left out",
                 {{"service", waiting_.front().service}, {"text", waiting_.front().text}});
    waiting_.erase(waiting_.begin());
  }
  waiting_.push_back(std::move(entry));
  if (std::exchange(writing_, true)) return;
  scope_.add(write_all());
}

Deferred<void> Feed::write_all() {
  while (!waiting_.empty()) {
    std::size_t count = std::min(waiting_.size(), entries_in_a_batch);
    auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<FeedEntry> entries(waiting_.begin(), end);
    waiting_.erase(waiting_.begin(), end);
    co_await write(std::move(entries));
  }
  writing_ = false;
}

Deferred<void> Feed::write(std::vector<FeedEntry> entries) {
  for (int attempt = 1;; ++attempt) {
    Result<storage::Revision> written = co_await store_.commit(batch_of(entries)).result();
    if (written.ok()) {  // what is the oldest then is seen by the next
      std::ignore =
          co_await with_timeout(world_.clock, mirror_wait_most, mirror_.reached(*written)).result();
      co_return;
    }
    bool taken = written.error().is(Code::conflict);  // another feed has used these ids
    if (taken && attempt < attempts_max) {
      co_await world_.clock.after(attempt_pause);  // the mirror shows them by then
      continue;
    }
    for (const FeedEntry& entry : entries)
      log_.warning("an entry of the feed cannot be written",
                   {{"service", entry.service}, {"text", entry.text}, {"error", written.error()}});
    co_return;
  }
}

storage::Batch Feed::batch_of(std::vector<FeedEntry>& entries) {
  const auto& there = mirror_.state().feed;
  if (!there.empty()) last_id_ = std::max(last_id_, there.rbegin()->first);
  storage::Batch batch;
  for (FeedEntry& entry : entries) {
    entry.id = ++last_id_;
    batch.require(feed_key(entry.id), 0);
    batch.put(feed_key(entry.id), to_json(entry).text());
  }
  std::size_t too_many = there.size() + entries.size();
  for (auto oldest = there.begin(); too_many > entries_kept && oldest != there.end(); ++oldest) {
    if (batch.conditions.size() + batch.writes.size() >= storage::Batch::operations_max) break;
    batch.remove(feed_key(oldest->first));
    --too_many;
  }
  return batch;
}

}  // namespace berth::placement
