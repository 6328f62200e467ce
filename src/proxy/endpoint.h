#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/network.h"
#include "base/address.h"
#include "base/time.h"
#include "catalog/model.h"

namespace berth::proxy {

/// An idle connection to an instance, kept to be used again.
struct IdleConnection {
  std::unique_ptr<ByteStream> stream;
  MonotonicTime since;
};

/// What one reactor knows of one instance: requests in flight, failures, idle connections. Stands
/// in a stable slot of its Pool; outlives the instance's place in the catalog while requests are in
/// flight on it (they hold it). One thread.
///
///     in rotation --eject_failures in a row--> resting (eject_time, doubling) --time--> in
///     rotation
class Endpoint {
 public:
  static constexpr std::size_t idle_connections_max = 256;
  static constexpr Duration eject_time_max = 60s;

  explicit Endpoint(const catalog::Instance& instance)
      : id(instance.id), incarnation(instance.incarnation), address(instance.address) {}

  void succeeded() {
    failures_ = 0;
    if (ejections_ > 0 && ++successes_ >= 100) ejections_ = 0, successes_ = 0;
  }
  /// A refused or broken connection, or an answer of 502 to 504 or 500: true if that ejects it.
  bool failed(const catalog::RoutingPolicy& policy, MonotonicTime now);
  bool resting(MonotonicTime now) const { return now < rests_until_; }
  MonotonicTime rests_until() const { return rests_until_; }

  /// The most recently used idle connection that is still good, or null.
  std::unique_ptr<ByteStream> take_idle(MonotonicTime now, Duration idle_max);
  /// Keeps it, or closes it where enough are kept or the instance is on its way out.
  void give_idle(std::unique_ptr<ByteStream> stream, MonotonicTime now);
  void close_idle() { idle_.clear(); }

  const std::string id;
  const std::string incarnation;
  const Address address;
  std::uint32_t in_flight = 0;
  std::uint64_t requests = 0;
  bool draining = false;  // gets nothing new; connections are not kept

 private:
  std::vector<IdleConnection> idle_;
  std::uint32_t failures_ = 0;
  std::uint32_t ejections_ = 0;
  std::uint32_t successes_ = 0;
  MonotonicTime rests_until_{};
};

}  // namespace berth::proxy
