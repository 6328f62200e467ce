#pragma once

#include <functional>
#include <map>
#include <memory>

#include "async/clock.h"
#include "storage/store.h"

namespace berth::storage {

/// The leases that stand, with their timers. When a lease's time is over it stops standing and
/// `ended` is called; it is known until removed, so that the store may try again where its end
/// could not be written. Belongs to one reactor; no calls come after its destruction.
class LeaseTable {
 public:
  using Ended = std::function<void(LeaseId)>;
  static constexpr std::size_t leases_max = 100'000;
  static constexpr Duration again_after = 1s;

  LeaseTable(Clock& clock, Ended ended);
  ~LeaseTable();

  bool full() const { return leases_.size() >= leases_max; }
  void add(LeaseId lease, std::uint32_t seconds);
  bool stands(LeaseId lease) const;
  /// False if it does not stand.
  bool keep_alive(LeaseId lease);
  /// It stands no more; false if it did not. `ended` is not called.
  bool end(LeaseId lease);
  /// Calls `ended` once more, in a while, for one that could not be removed.
  void end_again(LeaseId lease);
  void remove(LeaseId lease);
  /// No timer fires from now on.
  void stop();

 private:
  struct Lease;
  Clock& clock_;
  Ended ended_;
  std::map<LeaseId, std::unique_ptr<Lease>> leases_;
};

}  // namespace berth::storage
