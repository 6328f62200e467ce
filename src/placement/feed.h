#pragma once

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "placement/mirror.h"

namespace berth::placement {

/// Writes the feed: what happened, in words, newest kept. Entries are written in the background, in
/// order; one that cannot be written (disk full) is logged instead. At most `entries_kept` stay in
/// the Store, and as many may wait: the oldest of these is then logged and left out. Several feeds
/// (of server and agents) write side by side. Belongs to one reactor.
class Feed {
 public:
  static constexpr std::size_t entries_kept = 200;

  Feed(World& world, Log log, storage::Store& store, Mirror& mirror);
  /// `entry.id` and `entry.time` are set here.
  void add(FeedEntry entry);
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> write_all();
  Deferred<void> write(std::vector<FeedEntry> entries);
  /// Gives the entries ids that are free as far as the mirror knows; the oldest ones go.
  storage::Batch batch_of(std::vector<FeedEntry>& entries);

  World& world_;
  Log log_;
  storage::Store& store_;
  Mirror& mirror_;
  std::vector<FeedEntry> waiting_;
  std::uint64_t last_id_ = 0;
  bool writing_ = false;
  Scope scope_;
};

}  // namespace berth::placement
