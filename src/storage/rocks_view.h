#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/history.h"
#include "storage/rocks_engine.h"

namespace berth::storage::rocks {

/// A database as it stands at one moment, for one read of it. The database and `folder` outlive it.
class View {
 public:
  View(rocksdb::DB& database, const std::string& folder);
  ~View();
  View(const View&) = delete;

  Result<std::optional<Entry>> get(const std::string& key);
  Result<Page> read(const Range& range);
  Result<Gathered> changes(const Range& range, Revision after);
  Result<Standpoint> standpoint();
  Result<std::vector<std::pair<LeaseId, std::uint32_t>>> leases();
  Result<std::vector<Committed>> revisions_after(Revision after);
  /// The first revision after `after` whose record, with all behind it up to `log_end`, takes at
  /// most `bytes_max`, and the position of its record; none: the next one and `log_end`.
  Result<std::pair<Revision, std::uint64_t>> first_within(Revision after, std::uint64_t log_end,
                                                          std::uint64_t bytes_max);

 private:
  using Iterator = std::unique_ptr<rocksdb::Iterator>;

  /// At `begin`; ends before `end`, which must outlive it.
  Iterator iterate(const std::string& begin, const rocksdb::Slice& end);
  Result<std::optional<std::string>> value_at(const std::string& key);
  Result<std::uint64_t> number_at(std::string_view key);
  /// Calls take(Record) for the revisions after `after` while it answers true.
  template <class F>
  Result<void> each_record(Revision after, F take);
  Error error(const rocksdb::Status& status) const;

  rocksdb::DB& database_;
  const std::string& folder_;
  rocksdb::ReadOptions options_;
};

}  // namespace berth::storage::rocks
