#pragma once

#include <functional>
#include <memory>

#include "storage/history.h"

namespace berth::storage {

/// The watches of one store in this process, fed with each revision. A watch that keeps up, and one
/// that is not far behind, reads from the history in memory; one that is behind it asks `older`,
/// which answers `compacted` where nothing older is kept. Belongs to the store's reactor; watches
/// may outlive it and then answer `closed`. At most `watches_max`: beyond, overloaded.
class Watchers {
 public:
  using Older = std::function<Deferred<Gathered>(Range range, Revision after)>;
  static constexpr std::size_t watches_max = 10'000;

  Watchers(std::size_t revisions_max, std::size_t bytes_max, Older older)
      : history_(revisions_max, bytes_max), older_(std::move(older)) {}
  ~Watchers() { close(); }

  Result<std::unique_ptr<Watch>> watch(Range range, Revision after);
  /// Takes the revision into the history and wakes whom it concerns.
  void publish(Committed committed);
  /// Every watch answers `closed` from now on.
  void close();
  History& history() { return history_; }

 private:
  class Watching;
  struct Place;

  static Deferred<std::vector<Change>> next(std::shared_ptr<Place> place);

  History history_;
  Older older_;
  std::vector<std::shared_ptr<Place>> places_;
};

}  // namespace berth::storage
