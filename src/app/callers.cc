#include "app/callers.h"

#include <algorithm>

namespace berth::app {

Callers::Callers(Clock& clock, std::string host) : clock_(clock), host_(std::move(host)) {
  auto sockets = os::SocketOwner::open();
  if (sockets.ok()) sockets_ = std::move(*sockets);
}

void Callers::apply(const catalog::Snapshot& snapshot) {
  pids_.clear();
  names_.clear();
  for (auto& [name, service] : snapshot.services) {
    for (auto& instance : service->instances) {
      if (instance.pid == 0 || instance.host != host_) continue;
      pids_.push_back(instance.pid);
      names_.push_back(name);
    }
  }
}

bool Callers::within_budget() {
  MonotonicTime now = clock_.now();
  double seconds = seconds_of(now - refilled_);
  refilled_ = now;
  budget_ = std::min(budget_ + seconds * lookups_per_second_max, lookups_per_second_max);
  if (budget_ < 1) return false;
  budget_ -= 1;
  return true;
}

std::string Callers::find(const Address& peer, const Address& local) {
  if (!sockets_ || !within_budget()) return "unknown";
  std::uint64_t inode = sockets_->inode_of(peer, local);
  if (inode == 0) return "unknown";
  int at = os::SocketOwner::holder(pids_, inode);
  if (at < 0) {
    bool from_bus = bus_pid_ != 0 && os::SocketOwner::held_by(bus_pid_, inode);
    return from_bus ? "bus" : "unknown";
  }
  // Who called now will soon call again: looked at first then.
  std::rotate(pids_.begin(), pids_.begin() + at, pids_.begin() + at + 1);
  std::rotate(names_.begin(), names_.begin() + at, names_.begin() + at + 1);
  return names_.front();
}

}  // namespace berth::app
