#include "storage/rules.h"

#include <algorithm>

namespace berth::storage {
namespace {

constexpr std::size_t overhead_bytes = 128;

Error over_limit(std::size_t found, const char* what, std::size_t most) {
  return {Code::overloaded, "a batch of " + std::to_string(found) + what + ", " +
                                std::to_string(most) + " are the most: make several of it"};
}

Result<void> check_conditions(const Batch& batch, const Standing& standing) {
  for (auto& condition : batch.conditions) {
    auto entry = TRY(standing.entry(condition.key));
    Revision changed = entry ? entry->changed : 0;
    if (changed == condition.changed) continue;
    return Error(Code::conflict, "the key '" + condition.key + "' was changed at revision " +
                                     std::to_string(changed) + ", not at " +
                                     std::to_string(condition.changed) +
                                     " (0: it is not there); read it again");
  }
  return {};
}

}  // namespace

std::size_t bytes_of(const Committed& committed) {
  std::size_t bytes = overhead_bytes;
  for (auto& change : committed.changes) {
    bytes += overhead_bytes + change.key.size();
    if (change.before) bytes += change.before->key.size() + change.before->value.size();
    if (change.after) bytes += change.after->key.size() + change.after->value.size();
  }
  return bytes;
}

bool contains(const Range& range, std::string_view key) {
  return key >= range.begin && (range.end.empty() || key < range.end);
}

Result<void> check_key(std::string_view key) {
  if (!key.empty() && key.size() <= key_bytes_max) return {};
  return Error(Code::invalid, "a key of " + std::to_string(key.size()) + " bytes ('" +
                                  std::string(key.substr(0, 40)) + "'): it must have 1 to " +
                                  std::to_string(key_bytes_max));
}

Result<void> check_batch(const Batch& batch) {
  std::size_t operations = batch.conditions.size() + batch.writes.size();
  if (operations > Batch::operations_max) {
    return over_limit(operations, " conditions and writes", Batch::operations_max);
  }
  std::size_t bytes = 0;
  for (auto& condition : batch.conditions) {
    TRY(check_key(condition.key));
    bytes += condition.key.size();
  }
  std::vector<std::string_view> keys;
  for (auto& write : batch.writes) {
    TRY(check_key(write.key));
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
    keys.push_back(write.key);
  }
  if (bytes > Batch::bytes_max) return over_limit(bytes, " bytes", Batch::bytes_max);
  std::ranges::sort(keys);
  auto twice = std::ranges::adjacent_find(keys);
  if (twice == keys.end()) return {};
  return Error(Code::invalid, "a batch writes the key '" + std::string(*twice) + "' twice");
}

Result<void> check_range(const Range& range, Revision present, Revision compacted) {
  if (range.entries_max == 0) return Error(Code::invalid, "a page of no entries was asked for");
  if (range.at > present) {
    return Error(Code::invalid, "revision " + std::to_string(range.at) +
                                    " has not been yet; the present one is " +
                                    std::to_string(present));
  }
  if (range.at == 0 || range.at >= compacted) return {};
  return Error(Code::compacted, "revision " + std::to_string(range.at) +
                                    " is gone, the oldest is " + std::to_string(compacted) +
                                    ": list again");
}

Result<void> check_lease_seconds(std::uint32_t seconds) {
  if (seconds >= 1 && seconds <= lease_seconds_max) return {};
  return Error(Code::invalid, "a lease of " + std::to_string(seconds) +
                                  " seconds: it must have 1 to " +
                                  std::to_string(lease_seconds_max));
}

Result<void> check_compaction(Revision revision, Revision present) {
  if (revision <= present) return {};
  return Error(Code::invalid, "what stood before revision " + std::to_string(revision) +
                                  " cannot be forgotten: the present one is " +
                                  std::to_string(present));
}

Error lease_has_ended(LeaseId lease) {
  return {Code::not_found, "the lease " + std::to_string(lease) + " has ended; ask for another"};
}

Error store_is_closed() { return {Code::closed, "the store is closed"}; }

Result<std::vector<Changed>> evaluate(const Batch& batch, Revision next, const Standing& standing) {
  TRY(check_conditions(batch, standing));
  std::vector<Changed> changes;
  for (auto& write : batch.writes) {
    Changed change{write.key, TRY(standing.entry(write.key)), std::nullopt};
    if (!write.value && !change.before) continue;
    if (write.value) {
      if (write.lease != 0 && !TRY(standing.lease_stands(write.lease))) {
        return lease_has_ended(write.lease);
      }
      Revision created = change.before ? change.before->created : next;
      change.after = Entry{write.key, *write.value, created, next, write.lease};
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace berth::storage
