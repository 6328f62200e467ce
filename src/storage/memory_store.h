#pragma once

#include <map>
#include <set>
#include <string>

#include "storage/lease_table.h"
#include "storage/store.h"
#include "storage/watchers.h"

namespace berth::storage {

/// The Store in memory, for tests and for the simulation: every call does its work at once, in the
/// order of the calls, and answers through the ready list; the same calls give the same answers.
/// Reads and watches go back `history_revisions_max` revisions or `history_bytes_max`, whichever is
/// less; what is older is compacted. The entries themselves are bounded by nobody but the caller.
/// Belongs to the reactor of `clock`, which outlives it.
class MemoryStore final : public Store {
 public:
  static constexpr std::size_t history_revisions_max = 10'000;
  static constexpr std::size_t history_bytes_max = 64 << 20;

  explicit MemoryStore(Clock& clock);

  Deferred<Revision> commit(Batch batch) override;
  Deferred<std::optional<Entry>> get(std::string key) override;
  Deferred<Page> read(Range range) override;
  Deferred<std::unique_ptr<Watch>> watch(Range range, Revision after) override;
  Deferred<LeaseId> grant(std::uint32_t seconds) override;
  Deferred<void> keep_alive(LeaseId lease) override;
  Deferred<void> revoke(LeaseId lease) override;
  Deferred<void> compact(Revision revision) override;
  Deferred<void> close() override;

 private:
  Result<Revision> write(const Batch& batch);
  Result<Page> page(const Range& range);
  void apply(std::vector<Changed> changes);
  /// Removes the lease with its keys.
  void end_lease(LeaseId lease);
  Revision present() { return watchers_.history().present(); }
  Result<void> open() const;

  std::map<std::string, Entry, std::less<>> entries_;
  std::map<LeaseId, std::set<std::string>> lease_keys_;
  LeaseId last_lease_ = 0;
  bool closed_ = false;
  Watchers watchers_;
  LeaseTable leases_;
};

}  // namespace berth::storage
