#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/clock.h"
#include "catalog/model.h"
#include "os/socket_owner.h"
#include "proxy/proxy.h"

namespace berth::app {

/// Tells which service opened a connection to a VIP: by the process at its other end, which belongs
/// to an instance on this host, or is the bus. Who is not found within the budget is "unknown",
/// never guessed. One reactor.
class Callers final : public proxy::CallerFinder {
 public:
  static constexpr double lookups_per_second_max = 1000;

  Callers(Clock& clock, std::string host);

  void apply(const catalog::Snapshot& snapshot);
  /// The process that delivers messages. Its children do not: instances may be among them.
  void set_bus(std::int64_t pid) { bus_pid_ = pid; }
  std::string find(const Address& peer, const Address& local) override;

 private:
  bool within_budget();

  Clock& clock_;
  std::string host_;
  std::optional<os::SocketOwner> sockets_;
  std::vector<std::int64_t> pids_;
  std::vector<std::string> names_;  // beside pids_; the callers seen last come first
  std::int64_t bus_pid_ = 0;
  double budget_ = lookups_per_second_max;
  MonotonicTime refilled_{};
};

}  // namespace berth::app
