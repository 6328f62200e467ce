#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/disk.h"
#include "async/scope.h"
#include "async/sync.h"
#include "async/world.h"
#include "base/log.h"
#include "bus/saved_state.h"

namespace berth::bus {

/// Keeps the bus's state on disk: two slots that are overwritten in turns, so that a torn one
/// leaves the one before, and so that a full disk stops neither acknowledgements nor the removal of
/// what was acknowledged. Writes at most once in `interval`, unless somebody waits for it. A write
/// that fails is told in the log and tried again. Owned by the bus; one reactor.
class StateKeeper {
 public:
  /// What the state is now, but for its generation; called when it is to be written.
  using Snapshot = std::function<SavedState()>;
  /// It is on disk; the next one is written only after this has ended.
  using Written = std::function<Deferred<void>(const SavedState&)>;

  StateKeeper(World& world, Log log, std::string folder, Duration interval, Snapshot snapshot,
              Written written);

  /// The last one that was written; none at the first start. `io`: both slots are damaged.
  Deferred<std::optional<SavedState>> open();
  /// From now on it is written when touched.
  void start();
  /// Something changed: to be written within about `interval`.
  void touch();
  /// Resolves when what stands now is on disk. Errors: those of Disk.
  Deferred<void> durable();
  /// What is changed now has this generation or an earlier one, once written.
  std::uint64_t next_generation() const { return generation_ + 1; }
  std::uint64_t written_generation() const { return written_; }
  Deferred<void> close();

 private:
  struct Waiter {
    std::uint64_t generation;
    Promise<void> promise;
  };

  std::string path(int slot) const;
  Deferred<std::string> read_slot(int slot);
  Deferred<void> open_slots();
  Deferred<void> keep();
  Deferred<void> write();
  void answer(std::uint64_t generation, const Result<void>& result);

  World& world_;
  Log log_;
  std::string folder_;
  Duration interval_;
  Snapshot snapshot_;
  Written told_;
  std::unique_ptr<File> slots_[2];
  int next_slot_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t written_ = 0;
  MonotonicTime last_{};
  bool failing_ = false;
  std::vector<Waiter> waiters_;
  Event dirty_;
  Event hurry_;
  Scope scope_;
};

}  // namespace berth::bus
