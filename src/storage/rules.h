#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/store.h"

namespace berth::storage {

// What every engine in this process holds to: which input is refused, and what a batch does to the
// entries that stand.

/// What one revision did to one key; one of the two is there, or both.
struct Changed {
  std::string key;
  std::optional<Entry> before;
  std::optional<Entry> after;
};
/// One revision.
struct Committed {
  Revision revision = 0;
  std::vector<Changed> changes;
};
/// Roughly what it takes in memory.
std::size_t bytes_of(const Committed& committed);

bool contains(const Range& range, std::string_view key);

Result<void> check_key(std::string_view key);
Result<void> check_batch(const Batch& batch);
/// `present`: the revision that stands; `compacted`: the first that can still be read.
Result<void> check_range(const Range& range, Revision present, Revision compacted);
Result<void> check_lease_seconds(std::uint32_t seconds);
Result<void> check_compaction(Revision revision, Revision present);
Error lease_has_ended(LeaseId lease);
Error store_is_closed();

/// The state that a batch is judged against.
struct Standing {
  std::function<Result<std::optional<Entry>>(const std::string& key)> entry;
  std::function<Result<bool>(LeaseId)> lease_stands;
};
/// What `batch` changes as revision `next`; nothing, where it writes nothing. Errors as
/// Store::commit.
Result<std::vector<Changed>> evaluate(const Batch& batch, Revision next, const Standing& standing);

}  // namespace berth::storage
