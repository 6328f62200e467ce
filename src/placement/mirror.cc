#include "placement/mirror.h"

#include <algorithm>

#include "async/clock.h"

namespace berth::placement {

namespace {
constexpr Duration wait_first = 50ms;
constexpr Duration wait_most = 2s;

/// All keys: the state's revision is then that of the Store, whoever wrote what.
storage::Range everything() { return {}; }
}  // namespace

Mirror::Mirror(World& world, Log log, storage::Store& store)
    : world_(world), log_(log), store_(store) {}

Deferred<void> Mirror::start() {
  Promise<void> first;
  Deferred<void> started = first.deferred();
  scope_.add(follow(std::move(first)));
  return started;
}

Deferred<void> Mirror::follow(Promise<void> first) {
  Duration wait = wait_first;
  for (;;) {
    Result<void> listed = co_await list().result();
    if (listed.ok()) {
      if (first.wanted()) first.callback();
      wait = wait_first;
      Result<void> followed = co_await follow_changes().result();
      if (!followed.ok())
        log_.info("the watch of the control state ended; it is read anew",
                  {{"error", followed.error()}});
    } else {
      log_.warning("the control state cannot be read; trying again", {{"error", listed.error()}});
    }
    co_await world_.clock.after(wait);
    wait = std::min(wait * 2, wait_most);
  }
}

Deferred<void> Mirror::list() {
  storage::Page page = co_await storage::read_all(store_, everything(), entries_max);
  ClusterState state;
  state.revision = page.revision;
  changed_at_.clear();
  for (const storage::Entry& entry : page.entries) {
    apply(state, entry.key, &entry.value);
    changed_at_[entry.key] = entry.changed;
  }
  state_ = std::move(state);
  wake_all();
}

/// Ends only with an error.
Deferred<void> Mirror::follow_changes() {
  std::unique_ptr<storage::Watch> watch = co_await store_.watch(everything(), state_.revision);
  for (;;) take(co_await watch->next());
}

void Mirror::take(const std::vector<storage::Change>& changes) {
  for (const storage::Change& change : changes) {
    apply(state_, change.key, change.value ? &*change.value : nullptr);
    if (change.value)
      changed_at_[change.key] = change.revision;
    else
      changed_at_.erase(change.key);
    state_.revision = std::max(state_.revision, change.revision);
  }
  if (!changes.empty()) wake_all();
}

void Mirror::apply(ClusterState& state, const std::string& key, const std::string* value) {
  Result<void> applied = state.apply(key, value);
  if (!applied.ok())
    log_.error("an entry of the control state cannot be read", {{"error", applied.error()}});
}

void Mirror::wake_all() {
  for (std::size_t waiting = changed_.size(); waiting > 0; --waiting) changed_.wake();
}

Deferred<void> Mirror::reached(std::uint64_t revision) {
  while (state_.revision < revision) co_await changed_.wait();
}

storage::Revision Mirror::changed_at(std::string_view key) const {
  auto found = changed_at_.find(key);
  return found == changed_at_.end() ? 0 : found->second;
}

}  // namespace berth::placement
