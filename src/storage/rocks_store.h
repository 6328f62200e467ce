#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/wait_list.h"
#include "async/world.h"
#include "base/log.h"
#include "storage/lease_table.h"
#include "storage/rocks_engine.h"
#include "storage/rocks_options.h"
#include "storage/store.h"
#include "storage/watchers.h"

namespace berth::storage {

/// The Store in a folder of this host, on RocksDB (docs/formats/store-rocksdb.md). Reads run on
/// workers; so do commits, one group at a time: what arrives meanwhile is the next group, written
/// and synced as one. A commit is answered, and seen by watches, after its sync. When the disk
/// fails or is full, commits answer io or disk_full until the files can be opened again, which is
/// tried with each group; nothing that was acknowledged is lost by it. Belongs to the reactor on
/// which it was opened; `world` outlives it. Destroyed without close(), it leaves the folder once
/// the work under way on workers has ended.
class RocksStore final : public Store {
 public:
  /// How much of the latest history stands in memory for watches; those further behind read disk.
  static constexpr std::size_t recent_revisions_max = 1000;
  static constexpr std::size_t recent_bytes_max = 1 << 20;
  static constexpr std::size_t group_operations_max = 512;
  static constexpr std::size_t group_bytes_max = 4 << 20;

  /// Errors: in_use (the folder is open elsewhere), unsupported (a newer format), invalid (it holds
  /// something else), denied, disk_full, io.
  static Deferred<std::unique_ptr<RocksStore>> open(World& world, Log log, RocksOptions options);
  ~RocksStore() override;

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
  using Engine = std::shared_ptr<rocks::RocksEngine>;
  using Operation = rocks::Operation;
  struct Waiting;
  struct Group;

  RocksStore(World& world, Log log, RocksOptions options, Engine engine);
  Result<void> allowed(Result<void> checked) const;
  Deferred<std::uint64_t> enqueue(Operation operation);
  void add(Waiting waiting);
  Group take_group();
  Deferred<void> work();
  void settle(Group& group, rocks::Outcome outcome);
  void settle_lease(const Waiting& waiting, const Result<std::uint64_t>& answer);
  /// Logs when the disk begins to fail and when it does no more.
  void note_health(const rocks::Outcome& outcome);

  World& world_;
  Log log_;
  RocksOptions options_;
  Engine engine_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool working_ = false;
  bool closing_ = false;
  bool failing_ = false;
  WaitList<void> rested_;
  Watchers watchers_;
  LeaseTable leases_;
  Scope scope_;
};

}  // namespace berth::storage
