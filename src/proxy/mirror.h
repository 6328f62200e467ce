#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/scope.h"
#include "async/world.h"
#include "proxy/pool.h"

namespace berth::proxy {

/// Sends copies of requests to a second service, without anybody waiting for it: its answers are
/// read and thrown away, what it does is not felt and not recorded. Belongs to one Proxy.
class Mirror {
 public:
  static constexpr std::size_t in_flight_max = 256;  // beyond, copies are dropped and counted
  static constexpr std::size_t answer_bytes_max = 16 << 20;  // of one; then its connection is cut

  explicit Mirror(World& world) : world_(world) {}

  /// `request` is head and body as they go on the wire.
  void send(std::shared_ptr<Pool> to, std::string method, Bytes request, Duration idle_max);
  std::uint64_t sent() const { return sent_; }
  std::uint64_t dropped() const { return dropped_; }
  Deferred<void> close() { return scope_.close(); }

 private:
  Deferred<void> carry(std::shared_ptr<Pool> to, std::string method, Bytes request,
                       Duration idle_max);
  Deferred<void> read_away(ByteStream& stream, std::string method, bool& again);

  World& world_;
  std::size_t in_flight_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t dropped_ = 0;
  Scope scope_;
};

}  // namespace berth::proxy
