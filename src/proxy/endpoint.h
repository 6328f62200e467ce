#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/network.h"
#include "base/address.h"
#include "base/time.h"
#include "catalog/model.h"
#include "proxy/balance/outlier.h"
#include "proxy/balance/seats.h"
#include "proxy/h2_links.h"

namespace berth::proxy {

/// An idle connection to an instance, kept to be used again.
struct IdleConnection {
  std::unique_ptr<ByteStream> stream;
  MonotonicTime since;
};

/// What one reactor knows of one instance: requests in flight, how well it answers, idle
/// connections. Stands in a stable slot of its Pool; outlives the instance's place in the catalog
/// while requests are in flight on it (they hold it). One thread.
class Endpoint {
 public:
  static constexpr std::size_t idle_connections_max = 256;

  explicit Endpoint(const catalog::Instance& instance)
      : id(instance.id), incarnation(instance.incarnation), address(instance.address) {}

  /// The most recently used idle connection that is still good, or null.
  std::unique_ptr<ByteStream> take_idle(MonotonicTime now, Duration idle_max);
  /// Keeps it, or closes it where enough are kept, the instance is on its way out, or it is a
  /// stream of a shared connection.
  void give_idle(std::unique_ptr<ByteStream> stream, MonotonicTime now);
  void close_idle() {
    idle_.clear();
    links.close();
  }
  /// "orders/1@incarnation".
  std::string full_name() const { return id + "@" + incarnation; }

  const std::string id;
  const std::string incarnation;
  const Address address;
  std::uint32_t in_flight = 0;
  std::uint64_t requests = 0;
  bool draining = false;        // gets nothing new; connections are not kept
  Seat seat = no_seat;          // its number among those that get requests
  MonotonicTime warms_since{};  // zero: it is warm
  Outlier outlier;
  H2Links links;  // where it speaks HTTP/2

 private:
  std::vector<IdleConnection> idle_;
};

}  // namespace berth::proxy
