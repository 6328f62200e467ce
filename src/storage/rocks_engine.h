#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "storage/history.h"
#include "storage/rocks_options.h"

namespace rocksdb {
class DB;
}

namespace berth::storage::rocks {

/// Something that is written, in its turn.
struct Operation {
  enum class Kind : std::uint8_t { commit, grant, end_lease, compact };
  Kind kind = Kind::commit;
  std::uint64_t number = 0;  // seconds to grant, the lease to end, the revision to compact to
  Batch batch{};             // to commit
};

/// Where the store stands.
struct Standpoint {
  Revision present = 0;
  Revision compacted = 0;
  LeaseId last_lease = 0;
  std::uint64_t log_begin = 0;  // positions of Record: of the first that is kept,
  std::uint64_t log_end = 0;    // and of the next
};

/// What became of a group of operations: an answer for each (revision or lease), and the revisions
/// that are new, in order.
struct Outcome {
  std::vector<Result<std::uint64_t>> answers;
  std::vector<Committed> revisions;
};

/// The database behind a RocksStore. Every call blocks: they run on workers. Reads may overlap each
/// other and a group; one group runs at a time. When a write or its sync has failed nothing more is
/// claimed until the database was closed and opened again, by which it is known what is on the
/// disk: the next group tries that, once there is room.
class RocksEngine {
 public:
  /// Errors as open_database.
  static Result<std::shared_ptr<RocksEngine>> open(RocksOptions options);
  ~RocksEngine();

  const Standpoint& standpoint() const { return now_; }
  /// Those that stand, with their seconds.
  Result<std::vector<std::pair<LeaseId, std::uint32_t>>> leases();

  Result<std::optional<Entry>> get(const std::string& key);
  Result<Page> read(const Range& range);
  /// After revision `after`; compacted.
  Result<Gathered> changes(const Range& range, Revision after);
  Outcome apply(std::vector<Operation> operations);
  /// Waits for reads; whatever comes later is answered `closed`.
  void close();

 private:
  explicit RocksEngine(RocksOptions options);
  Result<void> begin();
  /// Closes and opens the database after a failure; revisions that are found beyond those that were
  /// known go to `found`.
  Result<void> recover(std::vector<Committed>& found);
  /// Keeps the history to its limits, and forgets what `asked` and those before it changed.
  Result<void> trim_history(Revision asked);
  Result<void> usable() const;

  RocksOptions options_;
  std::shared_mutex use_;  // shared: `database_` is in use; alone: it is replaced
  std::unique_ptr<rocksdb::DB> database_;
  bool closed_ = false;
  // Of the group alone:
  bool failed_ = false;
  Standpoint now_;
};

}  // namespace berth::storage::rocks
