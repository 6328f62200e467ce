#include "storage/watchers.h"

#include <algorithm>

#include "async/wait_list.h"

namespace berth::storage {

/// Where a watch stands. Held by the watch, by its call of next() and by the Watchers, of which any
/// may go first.
struct Watchers::Place {
  Watchers* watchers;  // null: ended
  Range range;
  Revision after;  // the last revision that was handed out or did not concern it
  WaitList<void> woken;

  void end() {
    watchers = nullptr;
    woken.fail_all(Error(Code::closed, "the watch is closed"));
  }
};

class Watchers::Watching final : public Watch {
 public:
  explicit Watching(std::shared_ptr<Place> place) : place_(std::move(place)) {}
  ~Watching() override {
    if (place_->watchers) std::erase(place_->watchers->places_, place_);
    place_->end();
  }
  Deferred<std::vector<Change>> next() override { return Watchers::next(place_); }

 private:
  std::shared_ptr<Place> place_;
};

Result<std::unique_ptr<Watch>> Watchers::watch(Range range, Revision after) {
  if (places_.size() >= watches_max) {
    return Error(Code::overloaded, "there are " + std::to_string(watches_max) + " watches already");
  }
  places_.push_back(std::make_shared<Place>(this, std::move(range), after));
  return std::unique_ptr<Watch>(std::make_unique<Watching>(places_.back()));
}

void Watchers::publish(Committed committed) {
  for (auto& place : places_) {
    bool concerned = std::ranges::any_of(
        committed.changes, [&](auto& change) { return contains(place->range, change.key); });
    if (!concerned && place->after + 1 == committed.revision) place->after = committed.revision;
    if (concerned && !place->woken.empty()) place->woken.wake();
  }
  history_.add(std::move(committed));
}

void Watchers::close() {
  for (auto& place : places_) place->end();
  places_.clear();
}

Deferred<std::vector<Change>> Watchers::next(std::shared_ptr<Place> place) {
  for (;;) {
    if (!place->watchers) co_return Error(Code::closed, "the watch is closed");
    auto& history = place->watchers->history_;
    Gathered found;
    if (place->after < history.floor()) {
      found = co_await place->watchers->older_(place->range, place->after);
    } else {
      found = history.changes(place->range, place->after);
    }
    place->after = std::max(place->after, found.up_to);
    if (!found.changes.empty()) co_return std::move(found.changes);
    if (place->watchers && place->after >= history.present()) co_await place->woken.wait();
  }
}

}  // namespace berth::storage
