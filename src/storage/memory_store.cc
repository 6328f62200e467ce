#include "storage/memory_store.h"

namespace berth::storage {

MemoryStore::MemoryStore(Clock& clock)
    : watchers_(history_revisions_max, history_bytes_max,
                [](const Range&, Revision after) {
                  return failed<Gathered>(
                      Error(Code::compacted, "what followed revision " + std::to_string(after) +
                                                 " is gone: list again and watch from there"));
                }),
      leases_(clock, [this](LeaseId lease) { end_lease(lease); }) {}

Result<void> MemoryStore::open() const {
  if (closed_) return store_is_closed();
  return {};
}

Deferred<Revision> MemoryStore::commit(Batch batch) { return resolved(write(batch)); }

Result<Revision> MemoryStore::write(const Batch& batch) {
  TRY(open());
  TRY(check_batch(batch));
  Standing standing{
      [this](const std::string& key) -> Result<std::optional<Entry>> {
        auto found = entries_.find(key);
        if (found == entries_.end()) return std::optional<Entry>();
        return std::optional<Entry>(found->second);
      },
      [this](LeaseId lease) -> Result<bool> { return leases_.stands(lease); },
  };
  apply(TRY(evaluate(batch, present() + 1, standing)));
  return present();
}

void MemoryStore::apply(std::vector<Changed> changes) {
  if (changes.empty()) return;
  for (auto& change : changes) {
    if (change.before && change.before->lease) {
      auto keys = lease_keys_.find(change.before->lease);
      if (keys != lease_keys_.end()) keys->second.erase(change.key);
    }
    if (change.after) {
      entries_.insert_or_assign(change.key, *change.after);
      if (change.after->lease) lease_keys_[change.after->lease].insert(change.key);
    } else {
      entries_.erase(change.key);
    }
  }
  watchers_.publish({present() + 1, std::move(changes)});
}

Deferred<std::optional<Entry>> MemoryStore::get(std::string key) {
  auto allowed = open();
  if (allowed.ok()) allowed = check_key(key);
  if (!allowed.ok()) return failed<std::optional<Entry>>(allowed.error());
  auto found = entries_.find(key);
  if (found == entries_.end()) return ready(std::optional<Entry>());
  return ready(std::optional<Entry>(found->second));
}

Deferred<Page> MemoryStore::read(Range range) { return resolved(page(range)); }

Result<Page> MemoryStore::page(const Range& range) {
  TRY(open());
  auto& history = watchers_.history();
  TRY(check_range(range, present(), history.floor()));
  Past past;
  if (range.at != 0) past = history.past(range);
  auto place = entries_.lower_bound(range.begin);
  return page_of(range, range.at ? range.at : present(), past,
                 [&]() -> Result<std::optional<Entry>> {
                   if (place == entries_.end() || !contains(range, place->first)) {
                     return std::optional<Entry>();
                   }
                   return std::optional<Entry>((place++)->second);
                 });
}

Deferred<std::unique_ptr<Watch>> MemoryStore::watch(Range range, Revision after) {
  if (closed_) return failed<std::unique_ptr<Watch>>(store_is_closed());
  return resolved(watchers_.watch(std::move(range), after));
}

Deferred<LeaseId> MemoryStore::grant(std::uint32_t seconds) {
  auto allowed = open();
  if (allowed.ok()) allowed = check_lease_seconds(seconds);
  if (!allowed.ok()) return failed<LeaseId>(allowed.error());
  if (leases_.full()) return failed<LeaseId>(Error::overloaded());
  leases_.add(++last_lease_, seconds);
  return ready(LeaseId(last_lease_));
}

Deferred<void> MemoryStore::keep_alive(LeaseId lease) {
  if (closed_) return failed<void>(store_is_closed());
  if (!leases_.keep_alive(lease)) return failed<void>(lease_has_ended(lease));
  return ready();
}

Deferred<void> MemoryStore::revoke(LeaseId lease) {
  if (closed_) return failed<void>(store_is_closed());
  if (!leases_.end(lease)) return failed<void>(lease_has_ended(lease));
  end_lease(lease);
  return ready();
}

void MemoryStore::end_lease(LeaseId lease) {
  leases_.remove(lease);
  auto keys = lease_keys_.extract(lease);
  if (keys.empty()) return;
  std::vector<Changed> changes;
  for (auto& key : keys.mapped()) changes.push_back({key, entries_.at(key), std::nullopt});
  apply(std::move(changes));
}

Deferred<void> MemoryStore::compact(Revision revision) {
  auto allowed = open();
  if (allowed.ok()) allowed = check_compaction(revision, present());
  if (!allowed.ok()) return failed<void>(allowed.error());
  watchers_.history().forget(revision);
  return ready();
}

Deferred<void> MemoryStore::close() {
  closed_ = true;
  leases_.stop();
  watchers_.close();
  return ready();
}

}  // namespace berth::storage
