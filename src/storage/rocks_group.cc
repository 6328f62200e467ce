#include "storage/rocks_group.h"

#include "storage/rocks_codec.h"
#include "storage/rocks_database.h"

namespace berth::storage::rocks {

Result<std::uint64_t> Group::take(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::commit:
      return commit(operation.batch);
    case Operation::Kind::grant:
      return grant(operation.number);
    case Operation::Kind::end_lease:
      TRY(end_lease(operation.number));
      return std::uint64_t{0};
    case Operation::Kind::compact:
      TRY(check_compaction(operation.number, after_.present));
      compact_to_ = std::max(compact_to_, operation.number);
      return std::uint64_t{0};
  }
  crash("an operation of no kind");
}

Result<void> Group::write() {
  if (batch_.GetWriteBatch()->Count() == 0) return {};
  batch_.Put(std::string(present_key), encode_number(after_.present));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  auto status = database_.Write(synced, batch_.GetWriteBatch());
  if (!status.ok()) return error_of(status, folder_);
  return {};
}

Result<Revision> Group::commit(const Batch& batch) {
  Standing standing{
      [this](const std::string& key) { return entry(key); },
      [this](LeaseId lease) -> Result<bool> { return TRY(value_at(lease_key(lease))).has_value(); },
  };
  record(TRY(evaluate(batch, after_.present + 1, standing)));
  return after_.present;
}

Result<LeaseId> Group::grant(std::uint64_t seconds) {
  LeaseId lease = ++after_.last_lease;
  batch_.Put(lease_key(lease), encode_number(seconds));
  batch_.Put(std::string(last_lease_key), encode_number(lease));
  return lease;
}

Result<void> Group::end_lease(LeaseId lease) {
  if (!TRY(value_at(lease_key(lease)))) return {};
  record(TRY(removal_of_all(lease)));
  batch_.Delete(lease_key(lease));
  return {};
}

Result<std::optional<std::string>> Group::value_at(const std::string& database_key) {
  std::string value;
  auto status = batch_.GetFromBatchAndDB(&database_, rocksdb::ReadOptions(), database_key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error_of(status, folder_);
  return std::optional(std::move(value));
}

Result<std::optional<Entry>> Group::entry(const std::string& key) {
  auto value = TRY(value_at(entry_key(key)));
  if (!value) return std::optional<Entry>();
  return std::optional(TRY(decode_entry(key, *value)));
}

Result<std::vector<Changed>> Group::removal_of_all(LeaseId lease) {
  std::vector<Changed> changes;
  std::string prefix = lease_entry_key(lease, "");
  std::unique_ptr<rocksdb::Iterator> place(
      batch_.NewIteratorWithBase(database_.NewIterator(rocksdb::ReadOptions())));
  for (place->Seek(prefix); place->Valid() && place->key().starts_with(prefix); place->Next()) {
    std::string key = place->key().ToString().substr(prefix.size());
    changes.push_back({key, TRY(entry(key)), std::nullopt});
  }
  if (!place->status().ok()) return error_of(place->status(), folder_);
  return changes;
}

void Group::record(std::vector<Changed> changes) {
  if (changes.empty()) return;
  for (auto& change : changes) {
    LeaseId before = change.before ? change.before->lease : 0;
    LeaseId after = change.after ? change.after->lease : 0;
    if (before && before != after) batch_.Delete(lease_entry_key(before, change.key));
    if (after && before != after) batch_.Put(lease_entry_key(after, change.key), "");
    if (change.after) {
      batch_.Put(entry_key(change.key), encode_entry(*change.after));
    } else {
      batch_.Delete(entry_key(change.key));
    }
  }
  Record record{after_.log_end, {++after_.present, std::move(changes)}};
  std::string bytes = encode_record(record);
  after_.log_end += bytes.size();
  batch_.Put(log_key(after_.present), bytes);
  committed_.push_back(std::move(record.committed));
}

}  // namespace berth::storage::rocks
