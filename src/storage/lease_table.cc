#include "storage/lease_table.h"

#include <chrono>

namespace berth::storage {

struct LeaseTable::Lease final : Timer {
  Lease(LeaseTable& table, LeaseId id, std::uint32_t seconds)
      : table(table), id(id), time(std::chrono::seconds(seconds)) {}
  void fire() override {
    stands = false;
    table.ended_(id);  // may remove, and destroy, this one
  }

  LeaseTable& table;
  LeaseId id;
  Duration time;
  bool stands = true;
};

LeaseTable::LeaseTable(Clock& clock, Ended ended) : clock_(clock), ended_(std::move(ended)) {}
LeaseTable::~LeaseTable() = default;

void LeaseTable::add(LeaseId id, std::uint32_t seconds) {
  auto& lease = leases_[id] = std::make_unique<Lease>(*this, id, seconds);
  clock_.timers().arm(*lease, clock_.now() + lease->time);
}

bool LeaseTable::stands(LeaseId id) const {
  auto found = leases_.find(id);
  return found != leases_.end() && found->second->stands;
}

bool LeaseTable::keep_alive(LeaseId id) {
  if (!stands(id)) return false;
  auto& lease = *leases_[id];
  clock_.timers().arm(lease, clock_.now() + lease.time);
  return true;
}

bool LeaseTable::end(LeaseId id) {
  if (!stands(id)) return false;
  auto& lease = *leases_[id];
  lease.disarm();
  lease.stands = false;
  return true;
}

void LeaseTable::end_again(LeaseId id) {
  auto found = leases_.find(id);
  if (found != leases_.end()) clock_.timers().arm(*found->second, clock_.now() + again_after);
}

void LeaseTable::remove(LeaseId id) { leases_.erase(id); }

void LeaseTable::stop() {
  for (auto& [id, lease] : leases_) lease->disarm();
}

}  // namespace berth::storage
