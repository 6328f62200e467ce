#pragma once

#include <rocksdb/db.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <string>
#include <vector>

#include "storage/rocks_engine.h"

namespace berth::storage::rocks {

/// Operations that are written and synced together. Each is judged against what stands in the
/// database with the earlier ones of the group on top; nothing of them is written before write().
/// Lives on the worker that runs the group.
class Group {
 public:
  Group(rocksdb::DB& database, const std::string& folder, Standpoint now)
      : database_(database),
        folder_(folder),
        after_(now),
        batch_(rocksdb::BytewiseComparator(), 0, true) {}

  Result<std::uint64_t> take(const Operation& operation);
  /// All of it, synced; nothing to write is fine.
  Result<void> write();

  const Standpoint& after() const { return after_; }
  std::vector<Committed>& committed() { return committed_; }
  /// What was asked to be forgotten; 0: nothing.
  Revision compact_to() const { return compact_to_; }

 private:
  Result<Revision> commit(const Batch& batch);
  Result<LeaseId> grant(std::uint64_t seconds);
  Result<void> end_lease(LeaseId lease);
  Result<std::optional<std::string>> value_at(const std::string& database_key);
  Result<std::optional<Entry>> entry(const std::string& key);
  Result<std::vector<Changed>> removal_of_all(LeaseId lease);
  void record(std::vector<Changed> changes);

  rocksdb::DB& database_;
  const std::string& folder_;
  Standpoint after_;
  rocksdb::WriteBatchWithIndex batch_;
  std::vector<Committed> committed_;
  Revision compact_to_ = 0;
};

}  // namespace berth::storage::rocks
