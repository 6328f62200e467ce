#include "placement/change_set.h"

#include <algorithm>

#include "base/check.h"

namespace berth::placement {

namespace {

using storage::Batch;

bool requires_key(const Batch& batch, const std::string& key) {
  return std::ranges::find(batch.conditions, key, &Batch::Condition::key) != batch.conditions.end();
}

bool writes_key(const Batch& batch, const std::string& key) {
  return std::ranges::find(batch.writes, key, &Batch::Write::key) != batch.writes.end();
}

std::size_t bytes_of(const Batch& batch) {
  std::size_t bytes = 0;
  for (const auto& condition : batch.conditions) bytes += condition.key.size();
  for (const auto& write : batch.writes)
    bytes += write.key.size() + (write.value ? write.value->size() : 0);
  return bytes;
}

std::size_t operations_of(const Batch& batch) {
  return batch.conditions.size() + batch.writes.size();
}

/// Adds what of `part` is not in it yet.
void join(Batch& batch, const Batch& part) {
  for (const auto& condition : part.conditions)
    if (!requires_key(batch, condition.key)) batch.conditions.push_back(condition);
  for (const auto& write : part.writes)
    if (!writes_key(batch, write.key)) batch.writes.push_back(write);
}

}  // namespace

ChangeSet& ChangeSet::part(std::string label) {
  parts_.push_back({std::move(label), {}});
  return *this;
}

ChangeSet& ChangeSet::require(std::string key, storage::Revision changed) {
  check(!parts_.empty(), "a change outside of a part");
  Batch& batch = parts_.back().batch;
  if (!requires_key(batch, key)) batch.require(std::move(key), changed);
  return *this;
}

ChangeSet& ChangeSet::put(std::string key, std::string value, storage::Revision changed) {
  require(key, changed);
  parts_.back().batch.put(std::move(key), std::move(value));
  return *this;
}

ChangeSet& ChangeSet::remove(std::string key, storage::Revision changed) {
  require(key, changed);
  parts_.back().batch.remove(std::move(key));
  return *this;
}

std::vector<ChangeSet::Packed> ChangeSet::pack() && {
  std::vector<Packed> packed;
  std::size_t operations = 0;
  std::size_t bytes = 0;
  for (Part& part : parts_) {
    operations += operations_of(part.batch);  // at most: what two parts share counts twice
    bytes += bytes_of(part.batch);
    if (packed.empty() || operations > Batch::operations_max || bytes > Batch::bytes_max) {
      packed.emplace_back();
      operations = operations_of(part.batch);
      bytes = bytes_of(part.batch);
    }
    join(packed.back().batch, part.batch);
    operations = operations_of(packed.back().batch);
    packed.back().labels.insert(std::move(part.label));
  }
  parts_.clear();
  return packed;
}

void OwnWrites::renew(Batch& batch) const {
  for (auto& condition : batch.conditions) {
    auto own = written_.find(condition.key);
    if (own != written_.end()) condition.changed = own->second;
  }
}

void OwnWrites::note(const Batch& batch, storage::Revision revision) {
  for (const auto& write : batch.writes) written_[write.key] = write.value ? revision : 0;
}

}  // namespace berth::placement
